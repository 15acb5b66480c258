loss = (x @ x)[0]

loss = x[7]

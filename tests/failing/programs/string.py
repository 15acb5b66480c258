loss = x + "1"

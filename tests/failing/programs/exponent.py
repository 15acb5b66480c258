loss = x * 1e999999999

a, b = x
loss = a + b

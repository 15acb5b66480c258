y = x.tofile("out.bin")
loss = y.sum()

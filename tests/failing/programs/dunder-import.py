os = __import__("os")
loss = x.sum()

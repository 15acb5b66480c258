exec("open('canary', 'w')")
loss = x.sum()

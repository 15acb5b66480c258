f = open("canary", "w")
loss = x.sum()

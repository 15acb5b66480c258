if x.sum() > 0:
    loss = x.sum()
else:
    loss = -x.sum()

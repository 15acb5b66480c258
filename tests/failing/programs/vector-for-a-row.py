row = x[:1]
h = (W * 2)[:, :1]
loss = (h @ x[:2]).sum()

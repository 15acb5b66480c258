h = x * 2
loss = h.sum()
loss /= 3 - 3

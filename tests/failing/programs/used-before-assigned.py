y = x + 1
loss = (y * later).sum()
later = x * 2

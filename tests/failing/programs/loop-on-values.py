s = x.sum()
for i in range(int(s)):
    s = s + x[0]
loss = s

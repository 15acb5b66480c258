a = [x]
for i in range(40):
    a = a + a
loss = sum(a)

loss = x.sum()
for i in range(200):
    for j in range(200):
        loss = loss + x[0]

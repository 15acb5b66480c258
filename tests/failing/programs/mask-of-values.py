loss = x[x > 0].sum()

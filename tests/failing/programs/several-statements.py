y = x * 2; z = y @ W @ y; loss = z.sum()

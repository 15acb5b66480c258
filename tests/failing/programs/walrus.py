loss = (y := x * 2).sum() + y[0]

loss = (x * 2j).sum()

try:
    loss = x.sum()
except Exception:
    loss = 0

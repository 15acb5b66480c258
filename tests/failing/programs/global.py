def f():
    global y
    y = x * 2


f()
loss = y.sum()

def f(x):
    yield x


loss = f(x)

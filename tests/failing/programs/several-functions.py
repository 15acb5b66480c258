def f(x):
    return x.sum()


def g(x):
    return x.mean()

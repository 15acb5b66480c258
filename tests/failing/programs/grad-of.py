import jax


def f(x):
    return x.sum()


g = jax.grad(f)(x)
loss = g.sum()

import jax


def f(x):
    return x.sum()


g = jax.vjp(f, x)
loss = g.sum()

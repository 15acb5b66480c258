"""How each function is written in each library: a row a function; and helpers for what a library lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netcalc.records import NamedTuple


class Spelled(NamedTuple):
    """A function in each library: its name, or a template. One that begins with `=` is a helper that is written out."""

    numpy: str
    torch: str
    jax: str


def _alike(name: str) -> Spelled:
    return Spelled(f"np.{name}", f"torch.{name}", f"jnp.{name}")


INVERSE = ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")
FUNCTIONS: Mapping[str, Spelled] = {
    **{name: _alike(name) for name in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "abs", "sign")},
    **{name: _alike(name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "floor")},
    **{f"a{name}": Spelled(f"np.arc{name}", f"torch.a{name}", f"jnp.arc{name}") for name in INVERSE},
    "cbrt": Spelled("np.cbrt", "=cbrt", "jnp.cbrt"),
    "erf": Spelled("=erf", "torch.erf", "jax.scipy.special.erf"),
    "erfc": Spelled("=erfc", "torch.erfc", "jax.scipy.special.erfc"),
    "erfinv": Spelled("=erfinv", "torch.erfinv", "jax.scipy.special.erfinv"),
    "gamma": Spelled("=gamma_function", "=gamma_function", "jax.scipy.special.gamma"),
    "lgamma": Spelled("=lgamma", "torch.lgamma", "jax.scipy.special.gammaln"),
    "digamma": Spelled("=digamma", "torch.digamma", "jax.scipy.special.digamma"),
    "polygamma": Spelled("=polygamma", "torch.polygamma", "jax.scipy.special.polygamma"),
    "sigmoid": Spelled("=sigmoid", "torch.sigmoid", "jax.nn.sigmoid"),
    "softplus": Spelled("=softplus", "torch.nn.functional.softplus({0}, threshold=40)", "jax.nn.softplus"),
    "log_sigmoid": Spelled("=log_sigmoid", "torch.nn.functional.logsigmoid", "jax.nn.log_sigmoid"),
    "relu": Spelled("np.maximum({0}, 0)", "torch.relu", "jax.nn.relu"),
}

OF_ROWS: Mapping[str, Spelled] = {  # along axes
    "softmax": Spelled("=softmax", "torch.softmax", "jax.nn.softmax"),
    "log_softmax": Spelled("", "torch.log_softmax", "jax.nn.log_softmax"),
    "logsumexp": Spelled("=logsumexp", "torch.logsumexp", "jax.nn.logsumexp"),
}


def _spelled_otherwise(text: str, words: Mapping[str, str]) -> str:
    """A helper with other words in the place of some."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.sub(
        "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in longest_first), lambda found: words[found[0]], text
    )


SHARE = '''
def share_of_max(x, axis):
    """1 where the largest entry along an axis is; those that tie share it equally."""
    best = x == x.max(axis=axis, keepdims=True)
    return best / best.sum(axis=axis, keepdims=True)
'''
OF_THE_SMALLEST = {"share_of_max": "share_of_min", "largest": "smallest", "max": "min"}
_HELPERS: Mapping[str, dict[str, str]] = {
    "numpy": {
        "reciprocal": '''
def reciprocal(x):
    """1 / x, and 0 where x is 0: of the slopes of a norm there, 0 is taken."""
    return np.where(x == 0, 0.0, 1 / np.where(x == 0, 1.0, x))
''',
        "sigmoid": '''
def sigmoid(x):
    """1 / (1 + exp(-x)), which does not overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1 + small)
''',
        "softplus": '''
def softplus(x):
    """log(1 + exp(x)), which does not overflow."""
    return np.logaddexp(0, x)
''',
        "log_sigmoid": '''
def log_sigmoid(x):
    """log(1 / (1 + exp(-x))), which does not overflow."""
    return -np.logaddexp(0, -x)
''',
        "erf": "\nerf = np.vectorize(math.erf, otypes=[float])\n",
        "erfc": "\nerfc = np.vectorize(math.erfc, otypes=[float])\n",
        "gamma_function": "\ngamma_function = np.vectorize(math.gamma, otypes=[float])\n",
        "lgamma": "\nlgamma = np.vectorize(math.lgamma, otypes=[float])\n",
        "erfinv": '''
@np.vectorize
def erfinv(x):
    """The y with erf(y) = x: two steps of Newton's method from the normal distribution's."""
    y = NormalDist().inv_cdf((1 + x) / 2) / math.sqrt(2)
    for _ in range(2):
        y -= (math.erf(y) - x) * math.sqrt(math.pi) / 2 * math.exp(y * y)
    return y
''',
        "digamma": '''
@np.vectorize
def digamma(x):
    """d log gamma(x) / dx, by recurrence and Stirling's series."""
    if x <= 0:
        return digamma(1 - x) - math.pi / math.tan(math.pi * x)
    total = 0.0
    while x < 10:
        total -= 1 / x
        x += 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))
    return total + math.log(x) - 0.5 / x - series
''',
        "polygamma": '''
@np.vectorize
def polygamma(n, x):
    """The n-th derivative of digamma at x > 0, by recurrence and Stirling's series."""
    sign = 1 if n % 2 else -1
    total = 0.0
    while x < 20:
        total += math.factorial(n) / x ** (n + 1)
        x += 1
    total += math.factorial(n - 1) / x**n + math.factorial(n) / (2 * x ** (n + 1))
    bernoulli = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730)
    for k, b in enumerate(bernoulli, 1):
        factor = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        total += b * factor / x ** (2 * k + n)
    return sign * total
''',
        "softmax": '''
def softmax(x, axis):
    """exp(x) / sum(exp(x)) along an axis, which does not overflow."""
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)
''',
        "logsumexp": '''
def logsumexp(x, axis, keepdims=False):
    """log(sum(exp(x))) along an axis, which does not overflow."""
    top = x.max(axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return total if keepdims else total.squeeze(axis)
''',
        "share_of_max": SHARE,
        "share_of_min": _spelled_otherwise(SHARE, OF_THE_SMALLEST),
        "products_of_others": '''
def products_of_others(x, axis):
    """The product of the other entries along axes: those before times those after."""
    axes = (axis,) if isinstance(axis, int) else axis
    behind = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, behind)
    rows = moved.reshape(*moved.shape[: -len(axes)], -1)
    ones = np.ones_like(rows[..., :1])
    before = np.cumprod(np.concatenate([ones, rows[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, rows[..., :0:-1]], axis=-1), axis=-1)
    products = before * after[..., ::-1]
    return np.moveaxis(products.reshape(moved.shape), behind, axes)
''',
        "slope_of_cumprod": '''
def slope_of_cumprod(x, g, axis):
    """What comes back through a running product, also where an entry is 0."""
    x, g = np.moveaxis(x, axis, 0), np.moveaxis(g, axis, 0)
    behind = [g[-1]]
    for n in reversed(range(len(x) - 1)):
        behind.append(g[n] + x[n + 1] * behind[-1])
    before = np.concatenate([np.ones_like(x[:1]), np.cumprod(x[:-1], axis=0)])
    return np.moveaxis(before * np.stack(behind[::-1]), 0, axis)
''',
        "cofactors": '''
def cofactors(A):
    """det(A) times the transposed inverse, which a singular A has too."""
    U, s, Vt = np.linalg.svd(A)
    rest = [np.delete(s, n, axis=-1).prod(axis=-1) for n in range(s.shape[-1])]
    signs = np.linalg.det(U) * np.linalg.det(Vt)
    return (U * (signs[..., None] * np.stack(rest, axis=-1))[..., None, :]) @ Vt
''',
        "overlapped": '''
def overlapped(x, shape, stride, dilation):
    """Windows (..., *places, *kernel) added up where they overlap, in the shape."""
    n = len(shape)
    places, kernel = x.shape[-2 * n : -n], x.shape[-n:]
    out = np.zeros(x.shape[: -2 * n] + shape)
    for entry in np.ndindex(*kernel):
        spans = [
            slice(at * d, at * d + (many - 1) * s + 1, s)
            for at, d, s, many in zip(entry, dilation, stride, places)
        ]
        out[(..., *spans)] += x[(..., *entry)]
    return out
''',
    },
    "torch": {
        "cbrt": '''
def cbrt(x):
    """The real cube root."""
    return torch.sign(x) * torch.abs(x) ** (1 / 3)
''',
        "gamma_function": '''
def gamma_function(x):
    """Gamma from its logarithm; below 0 the sign changes at each whole number."""
    sign = torch.where(x > 0, 1, 1 - 2 * (torch.floor(x) % 2))
    return sign * torch.exp(torch.lgamma(x))
''',
    },
    "jax": {
        "windows": '''
def windows(x, kernel, stride, dilation):
    """Windows that slide over the last axes: (..., *places, *kernel)."""
    n = len(kernel)
    rows = []
    for k, size in enumerate(x.shape[-n:]):
        places = (size - dilation[k] * (kernel[k] - 1) - 1) // stride[k] + 1
        start = stride[k] * jnp.arange(places)[:, None]
        within = start + dilation[k] * jnp.arange(kernel[k])
        rows.append(jnp.expand_dims(within, [d for d in range(2 * n) if d % n != k]))
    return x[(..., *rows)]
'''
    },
}


SHARED = (
    "reciprocal",
    "share_of_max",
    "share_of_min",
    "products_of_others",
    "slope_of_cumprod",
    "cofactors",
    "overlapped",
)
IN_TORCH = {
    "an axis": "a dim",
    "along axes:": "along dims:",
    "axis": "dim",
    "keepdims": "keepdim",
    "np.zeros": "x.new_zeros",
    "np.ndindex(*kernel)": "itertools.product(*map(range, kernel))",
    "np.moveaxis": "torch.movedim",
    "np.concatenate": "torch.cat",
    "rows[..., :0:-1]": "rows.flip(-1)[..., :-1]",
    "after[..., ::-1]": "after.flip(-1)",
    "Vt": "Vh",
    "rest = [np.delete(s, n, axis=-1).prod(axis=-1) for n in range(s.shape[-1])]": "n = s.shape[-1]\n"
    "    rest = [s[..., [i for i in range(n) if i != k]].prod(dim=-1) for k in range(n)]",
    "x == x.max(axis=axis, keepdims=True)": "(x == x.amax(dim=dim, keepdim=True)).to(x.dtype)",
    "x == x.min(axis=axis, keepdims=True)": "(x == x.amin(dim=dim, keepdim=True)).to(x.dtype)",
    "np": "torch",
}
IN_JAX = {
    "np.ndindex(*kernel)": IN_TORCH["np.ndindex(*kernel)"],
    "out[(..., *spans)] += x[(..., *entry)]": "out = out.at[(..., *spans)].add(x[(..., *entry)])",
    "np": "jnp",
}
HELPERS: Mapping[str, Mapping[str, str]] = {
    "numpy": _HELPERS["numpy"],
    **{
        name: {one: _spelled_otherwise(_HELPERS["numpy"][one], spelling) for one in SHARED} | _HELPERS[name]
        for name, spelling in (("torch", IN_TORCH), ("jax", IN_JAX))
    },
}

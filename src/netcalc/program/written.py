"""What libraries have as classes and functions of formulas: their own text, which is read as a program's is.

They assign no names, so that what a program calls has none of its own in the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netcalc.program.frames import Frame
from netcalc.program.nn import LAYERS
from netcalc.program.source import LIBRARY, Source, parse

if TYPE_CHECKING:
    from netcalc.program.calls import Calls

DISTRIBUTIONS = """
import math
import torch
import torch.nn.functional as F

class Normal:
    loc: object
    scale: object
    def log_prob(self, value):
        return -((value - self.loc) / self.scale) ** 2 / 2 - torch.log(self.scale) - math.log(2 * math.pi) / 2
    def entropy(self):
        return torch.log(self.scale + 0 * self.loc) + (1 + math.log(2 * math.pi)) / 2
    def cdf(self, value):
        return (1 + torch.erf((value - self.loc) / (self.scale * math.sqrt(2)))) / 2
    def kl(self, other):
        return torch.log(other.scale / self.scale) + (
            (self.scale / other.scale) ** 2 + ((self.loc - other.loc) / other.scale) ** 2 - 1) / 2
    @property
    def mean(self):
        return self.loc
    @property
    def stddev(self):
        return self.scale + 0 * self.loc
    @property
    def variance(self):
        return (self.scale + 0 * self.loc) ** 2
    def rsample(self, sample_shape=()):
        return rsample(self.loc)
    def sample(self, sample_shape=()):
        return sample(self.loc)

class Laplace(Normal):
    def log_prob(self, value):
        return -torch.abs(value - self.loc) / self.scale - torch.log(2 * self.scale)
    def entropy(self):
        return 1 + torch.log(2 * self.scale + 0 * self.loc)

class MultivariateNormal:
    loc: object
    covariance_matrix: object
    def log_prob(self, value):
        return -(torch.sum((value - self.loc) @ torch.linalg.inv(self.covariance_matrix) * (value - self.loc), -1)
                 + torch.logdet(self.covariance_matrix) + self.loc.shape[-1] * math.log(2 * math.pi)) / 2
    def rsample(self, sample_shape=()):
        return rsample(self.loc)

class Exponential:
    rate: object
    def log_prob(self, value):
        return torch.log(self.rate) - self.rate * value
    def entropy(self):
        return 1 - torch.log(self.rate)

class Poisson:
    rate: object
    def log_prob(self, value):
        return value * torch.log(self.rate) - self.rate - torch.lgamma(value + 1)

class Bernoulli:
    probs: object = None
    logits: object = None
    def log_prob(self, value):
        if self.logits is None:
            return value * torch.log(self.probs) + (1 - value) * torch.log(1 - self.probs)
        return value * self.logits - F.softplus(self.logits)
    def entropy(self):
        if self.logits is None:
            return -self.probs * torch.log(self.probs) - (1 - self.probs) * torch.log(1 - self.probs)
        return F.softplus(self.logits) - torch.sigmoid(self.logits) * self.logits
    def sample(self, sample_shape=()):
        return sample(self.probs)

class Categorical:
    probs: object = None
    logits: object = None
    def log_p(self):
        if self.logits is None:
            return torch.log(self.probs / torch.sum(self.probs, -1, keepdim=True))
        return torch.log_softmax(self.logits, -1)
    def log_prob(self, value):
        return torch.gather(self.log_p(), -1, value[..., None])[..., 0]
    def entropy(self):
        return -torch.sum(torch.exp(self.log_p()) * self.log_p(), -1)
    def kl(self, other):
        return torch.sum(torch.exp(self.log_p()) * (self.log_p() - other.log_p()), -1)
    def sample(self, sample_shape=()):
        return sample(self.probs)

def kl_divergence(p, q):
    return p.kl(q)
"""

NORM = """
import numpy as np
import scipy.special as special
def logpdf(x, loc=0, scale=1):
    return -((x - loc) / scale) ** 2 / 2 - np.log(scale) - np.log(2 * np.pi) / 2
def pdf(x, loc=0, scale=1):
    return np.exp(-((x - loc) / scale) ** 2 / 2) / (scale * np.sqrt(2 * np.pi))
def cdf(x, loc=0, scale=1):
    return special.ndtr((x - loc) / scale)
def logcdf(x, loc=0, scale=1):
    return special.log_ndtr((x - loc) / scale)
"""

MULTIVARIATE = """
import numpy as np
def logpdf(x, mean, cov):
    return -(np.sum((x - mean) @ np.linalg.inv(cov) * (x - mean), axis=-1)
             + np.linalg.slogdet(cov)[1] + cov.shape[-1] * np.log(2 * np.pi)) / 2
"""

TEXTS = {
    "torch.nn": LAYERS,
    "torch.distributions": DISTRIBUTIONS,
    "scipy.stats.norm": NORM,
    "scipy.stats.multivariate_normal": MULTIVARIATE,
}


def written(reader: Calls, path: str, name: str) -> Any:
    """What a library's text says of a name; None where there is none."""
    path = "torch.distributions" if path.startswith("torch.distributions") else path.removeprefix("jax.")
    if f" {name}" not in TEXTS.get(path, ""):
        return None
    if path not in reader.texts:
        reader.texts[path] = Frame()
        reader.frames.append(reader.texts[path])
        before, reader.source = reader.source, Source.of(TEXTS[path], LIBRARY)
        try:
            reader.block(parse(reader.source).body)  # type: ignore[attr-defined]
        finally:
            reader.frames.pop()
            reader.source = before
    return reader.texts[path].values.get(name)

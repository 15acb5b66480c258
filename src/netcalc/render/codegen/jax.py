"""What JAX writes differently from NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netcalc.render.codegen.language import Language, axes_text
from netcalc.render.codegen.terms import Code

if TYPE_CHECKING:
    from netcalc.graph.windows import Sliding


class Jax(Language):
    """JAX."""

    name = "jax"
    module = "jnp"
    constants = "math"
    reserved = frozenset({"jax", "jnp", "math", "itertools"})

    def softmax(self, code: Code, axes: Sequence[int]) -> Code:
        return self.codes.call(f"jax.nn.softmax({{0}}, axis={axes_text(axes)})", code, hint="probs")

    def log_softmax(self, code: Code, axes: Sequence[int]) -> Code:
        return self.codes.call(f"jax.nn.log_softmax({{0}}, axis={axes_text(axes)})", code, hint="log_probs")

    def logsumexp(self, code: Code, axes: Sequence[int], *, keep: bool) -> Code:
        kept = ", keepdims=True" if keep else ""
        return self.codes.call(f"jax.nn.logsumexp({{0}}, axis={axes_text(axes)}{kept})", code)

    def scatter(self, code: Code, shape: Code, key: Sequence[object], indices: Sequence[Code]) -> Code:
        text, used = self.key(key, indices, 2)
        return self.codes.call(f"jnp.zeros({{1}}).at[{text}].add({{0}})", code, shape, *used)

    def windows(self, code: Code, sliding: Sliding) -> Code:
        name = self.helper("windows")
        return self.codes.call(
            f"{name}({{0}}, {sliding.kernel}, {sliding.stride}, {sliding.dilation})", code, hint="patches"
        )

    def whole_numbers(self, array: object) -> Code:
        return self.codes.call(f"jnp.array({array.tolist()})", cheap=True)  # type: ignore[attr-defined]

    def imports(self, body: str) -> list[str]:
        lines = [f"import {name}" for name in ("itertools", "math") if f"{name}." in body]
        return [*lines, *[""] * bool(lines), "import jax", "import jax.numpy as jnp"]

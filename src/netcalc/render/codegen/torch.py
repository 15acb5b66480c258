"""What PyTorch and JAX write differently from NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netcalc.graph.shaping import EVERYTHING, Fixed, Place, Span
from netcalc.render.codegen.language import Argument, Language, is_number, is_one, is_python, is_zero
from netcalc.render.codegen.terms import Code, Level

if TYPE_CHECKING:
    from netcalc.graph.windows import Sliding


class Torch(Language):
    """PyTorch."""

    name = "torch"
    module = "torch"
    libraries = ("import torch", "from torch.autograd.function import once_differentiable")
    constants = "math"
    axis = "dim"
    keep = "keepdim"
    largest, smallest = "amax", "amin"
    stably = ", stable=True"
    one_axis = True
    reserved = frozenset({"torch", "math", "itertools", "once_differentiable", "ctx"})

    def indicator(self, condition: Code) -> Code:
        if self.like is None:  # without inputs all are Python's numbers
            return self.codes.call("float({0})", condition)
        return self.codes.make("{0}.to({1}.dtype)", Level.ATOM, [condition, *self._like()], [Level.ATOM, Level.ATOM])

    def where(self, condition: Argument, then: Argument, other: Argument) -> Code:
        if self.like is None:
            return self.codes.call("({1} if {0} else {2})", condition[1], then[1], other[1])
        if is_number(then) and is_number(other) and not (is_one(then) and is_zero(other)):
            template = "torch.where({0}, {1}, {3}.new_tensor({2}))"  # else their kind would be PyTorch's choice
            return self.codes.call(template, condition[1], then[1], other[1], *self._like())
        return super().where(condition, then, other)

    def as_array(self, code: Code) -> Code:
        own = "torch.tensor({0})" if self.like is None else "{1}.new_tensor({0})"
        return self.codes.call(own, code, *self._like()) if is_python(code) else code

    def extreme(self, operator: str, a: Argument, b: Argument) -> Code:
        if is_number(a) and not is_number(b):
            a, b = b, a
        if is_number(b):
            bound = "min" if operator == "max" else "max"
            return self.codes.method(f"{{0}}.clamp({bound}={{1}})", a[1], b[1])
        return self.codes.call(f"torch.{operator}imum({{0}}, {{1}})", a[1], b[1])

    def prod(self, code: Code, axes: Sequence[int], rank: int, *, keep: bool) -> Code:
        if len(axes) == 1 or (len(axes) == rank and not keep):
            return super().prod(code, axes, rank, keep=keep)
        for axis in sorted(axes, reverse=True):  # PyTorch's goes along one axis
            code, rank = super().prod(code, [axis], rank, keep=keep), rank if keep else rank - 1
        return code

    def norm(self, code: Code, axes: Sequence[int], rank: int, *, keep: bool) -> Code:
        words = self._along(axes, rank, keep=keep)
        return self.codes.call(f"torch.linalg.vector_norm({{0}}{', ' * bool(words)}{words})", code, hint="length")

    def swapped(self) -> str:
        return "{0}.mT"

    def permuted(self, axes: str) -> str:
        return f"{{0}}.permute({axes})"

    def broadcasts(self, code: Code, key: Sequence[object]) -> bool:
        return not is_python(code) or not any(isinstance(part, Place | Fixed) for part in key)

    def broadcast(self, code: Code, shape: Code) -> Code:
        if is_python(code):
            own = "torch.full({0}, {1})" if self.like is None else "{2}.new_full({0}, {1})"
            return self.codes.call(own, shape, code, *self._like())
        return self.codes.method("{0}.expand({1})", code, shape)

    def concatenate(self, codes: Sequence[Code], axis: int) -> Code:
        return self._joined("cat", codes, axis)

    def index(self, code: Code, key: Sequence[object], indices: Sequence[Code]) -> Code:
        """PyTorch's slices go forward alone."""
        flips, rest, axis = [], [], 0
        for part in key:
            if isinstance(part, Span) and part.step is not None and part.step < 0:
                flips.append((axis, part))
            rest.append(part)
            axis += part is not None
        for axis, part in flips:
            code = self.codes.call(f"torch.flip({{0}}, dims=({axis},))", code)
            rest = [EVERYTHING if one is part else one for one in rest]
            if part != Span(None, None, -1):
                from netcalc.errors import NetcalcError

                raise NetcalcError("a slice that goes backwards has no code in PyTorch; reverse the axis whole")
        if all(part == EVERYTHING for part in rest):
            return code
        return super().index(code, rest, indices)

    def scatter(self, code: Code, shape: Code, key: Sequence[object], indices: Sequence[Code]) -> Code:
        text, used = self.key(key, indices, 3)
        zeros = "{name} = {2}.new_zeros({1})"
        arrays = [part for part in key if isinstance(part, Place | Fixed)]
        if not arrays and not any(isinstance(one, Span) and (one.step or 1) < 0 for one in key):
            lines = [zeros, f"{{name}}[{text}] = {{0}}"]
        elif len(arrays) == len(key):
            tail = "," if len(arrays) == 1 else ""
            lines = [zeros, f"{{name}}.index_put_(({text}{tail}), {{0}}, accumulate=True)"]
        else:
            places = "torch.arange({name}.numel(), device={name}.device).view({name}.shape)"
            if any(isinstance(one, Span) and (one.step or 1) < 0 for one in key):
                flips = [n for n, one in enumerate(key) if isinstance(one, Span) and (one.step or 1) < 0]
                places = f"torch.flip({places}, dims={tuple(flips)})"
                text, used = self.key([EVERYTHING if n in flips else one for n, one in enumerate(key)], indices, 3)
            lines = [zeros, f"places = {places}[{text}]"]
            lines.append("{name}.view(-1).index_add_(0, places.reshape(-1), {0}.expand(places.shape).reshape(-1))")
        levels = [Level.ATOM if "{0}." in lines[-1] else Level.ANY, *[Level.ANY] * (2 + len(used))]
        return self.codes.make(
            "scatter", Level.ATOM, [code, shape, *self._like(), *used], levels, lines=lines, hint="spread"
        )

    def windows(self, code: Code, sliding: Sliding) -> Code:
        many = len(sliding.kernel)
        text = "{0}"
        for size, stride, apart in zip(sliding.kernel, sliding.stride, sliding.dilation, strict=True):
            text += f".unfold({-many}, {(size - 1) * apart + 1}, {stride})"
        if any(one > 1 for one in sliding.dilation):
            text += f"[..., {', '.join(f'::{one}' for one in sliding.dilation)}]"
        return self.codes.method(text, code, hint="patches")

    def arange(self, size: Code) -> Code:
        device = ", device={1}.device" if self.like is not None else ""
        return self.codes.call(f"torch.arange({{0}}{device})", size, *self._like(), hint="rows")

    def floating(self, code: Code) -> Code:
        if self.like is None:
            return code
        return self.codes.make("{0}.to({1}.dtype)", Level.ATOM, [code, self.like], [Level.ATOM, Level.ATOM], cheap=True)

    def whole(self, code: Code) -> Code:
        return self.codes.method("{0}.long()", code, cheap=True)

    def array(self, text: str) -> Code:
        return self.codes.call(f"{self._tensor}({text})", *self._like(), cheap=True)

    def whole_numbers(self, array: object) -> Code:
        device = ", device={0}.device" if self.like is not None else ""
        return self.codes.call(f"torch.tensor({array.tolist()}{device})", *self._like(), cheap=True)  # type: ignore[attr-defined]

    @property
    def _tensor(self) -> str:
        """What makes a constant array: of the kind and on the device of an input."""
        return "torch.tensor" if self.like is None else "{0}.new_tensor"

    def _kind(self, slot: int = 1) -> str:
        return f", dtype={{{slot}}}.dtype, device={{{slot}}}.device" if self.like is not None else ""

    def _like(self) -> tuple[Code, ...]:
        return (self.like,) if self.like is not None else ()

    def function(self, operator: str, *arguments: Code) -> Code:
        if operator == "polygamma":
            return self.codes.call("torch.polygamma({0}, {1})", *arguments)
        if all(map(is_python, arguments)):
            return self.codes.call(f"math.{operator}({{0}})", *arguments, cheap=True)
        return super().function(operator, *arguments)


class Jax(Language):
    """JAX."""

    name = "jax"
    module = "jnp"
    libraries = ("import jax", "import jax.numpy as jnp")
    stably = ""  # as it is
    constants = "math"
    reserved = frozenset({"jax", "jnp", "math", "itertools"})

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

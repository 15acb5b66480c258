"""What a library's code looks like: NumPy's, and what PyTorch and JAX write differently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from netcalc.expression import Number, Tree, is_constant
from netcalc.graph.shaping import Fixed, Place, Span
from netcalc.graph.sizes import Size, settled
from netcalc.render.codegen.spelling import FUNCTIONS, HELPERS, OF_ROWS
from netcalc.render.codegen.terms import Code, Codes, Level, Piece, slots

if TYPE_CHECKING:
    from netcalc.graph.windows import Sliding

Argument = tuple[Tree, Code]


class Language:
    """NumPy. Another library's class overrides how it formats what it writes differently."""

    name = "numpy"
    module = "np"
    libraries: tuple[str, ...] = ("import numpy as np",)
    constants = "np"
    axis = "axis"
    keep = "keepdims"
    largest, smallest = "max", "min"
    stably = ', kind="stable"'  # how a sort that keeps equal entries in order is asked for
    size: Callable[[object], Code]  # as code; the writer of the graph says how
    one_axis = False  # whether a softmax goes along one axis alone
    reserved = frozenset({"np", "math", "NormalDist"})

    def __init__(self) -> None:
        self.codes = Codes()
        self.helpers: dict[str, None] = {}
        self.kept: dict[Code, tuple[Code, tuple[int | None, ...]]] = {}  # sums, and the same with their axes kept
        self.means: dict[Code, tuple[Code, Size]] = {}  # sums, the same as means, and of how many
        self.like: Code | None = None  # an input whose kind of number arrays made here have

    def mean(self, code: Code, value: Fraction, below: list[Code]) -> tuple[Code, Fraction, list[Code]]:
        """A sum that is divided by how many there are is a mean."""
        if code not in self.means:
            return code, value, below
        mean, size = self.means[code]
        many = settled(size)
        if isinstance(many, int):
            return (mean, value * many, below) if value.denominator == many > 1 else (code, value, below)
        divisor = self.size(many)
        return (mean, value, [one for one in below if one is not divisor]) if divisor in below else (code, value, below)

    # --- functions

    def helper(self, name: str) -> str:
        """A function that is written out above."""
        self.helpers[name] = None
        return name

    def function(self, operator: str, *arguments: Code) -> Code:
        """A function of numbers, element by element."""
        if operator not in FUNCTIONS:
            from netcalc.errors import NetcalcError

            raise NetcalcError(f"{self.name} has no function {operator}, so there is no code for it")
        spelled: str = getattr(FUNCTIONS[operator], self.name)
        if "{0}" in spelled:
            return self.codes.call(spelled, *arguments, hint=operator)
        return self.codes.call(f"{self._known(spelled)}({slots(len(arguments))})", *arguments)

    def _known(self, call: str) -> str:
        """A call; one that begins with `=` is that of a helper, which is written out above."""
        if call.startswith("="):
            call = call[1:]
            self.helper(call.partition("(")[0])
        return call

    def called(self, template: str, codes: Sequence[Code], *, hint: str = "", **parts: object) -> Code:
        """A call that all libraries have, in the words of this one."""
        call = template.format(m=self.module, axis=self.axis, stably=self.stably, **parts)
        return self.codes.call(self._known(call), *codes, hint=hint)

    def where(self, condition: Argument, then: Argument, other: Argument) -> Code:
        """One or the other."""
        if is_one(then) and is_zero(other):
            return self.indicator(condition[1])
        return self.codes.call(f"{self.module}.where({{0}}, {{1}}, {{2}})", condition[1], then[1], other[1])

    def indicator(self, condition: Code) -> Code:
        """1 where it holds, 0 where it does not."""
        return self.codes.call(f"{self.module}.where({{0}}, 1.0, 0.0)", condition)

    def extreme(self, operator: str, a: Argument, b: Argument) -> Code:
        """The larger or smaller of two."""
        return self.codes.call(f"{self.module}.{operator}imum({{0}}, {{1}})", a[1], b[1])

    def as_array(self, code: Code) -> Code:
        """A number as what the library's functions return."""
        return code

    # --- along axes

    def reduced(self, name: str, code: Code, axes: Sequence[int], rank: int, *, keep: bool, hint: str = "") -> Code:
        """A method along axes: `x.sum(axis=0)`."""
        return self.codes.method(f"{{0}}.{name}({self._along(axes, rank, keep=keep)})", code, hint=hint)

    def _along(self, axes: Sequence[int], rank: int, *, keep: bool) -> str:
        words = [] if len(axes) == rank and not keep else [f"{self.axis}={axes_text(axes)}"]
        if keep:
            words.append(f"{self.keep}=True")
        return ", ".join(words)

    def softmax(self, code: Code, axes: Sequence[int]) -> Code:
        if self.one_axis and len(axes) > 1:
            return self.function("exp", self.log_softmax(code, axes))
        return self._of_rows("softmax", code, axes, hint="probs")

    def _of_rows(self, name: str, code: Code, axes: Sequence[int], *, keep: bool = False, hint: str = "") -> Code:
        kept = f", {self.keep}=True" if keep else ""
        call = self._known(getattr(OF_ROWS[name], self.name))
        return self.codes.call(f"{call}({{0}}, {self.axis}={axes_text(axes)}{kept})", code, hint=hint)

    def log_softmax(self, code: Code, axes: Sequence[int]) -> Code:
        if getattr(OF_ROWS["log_softmax"], self.name) and not (self.one_axis and len(axes) > 1):
            return self._of_rows("log_softmax", code, axes, hint="log_probs")
        total = self.logsumexp(code, axes, keep=True)
        return self.codes.make("{0} - {1}", Level.ADD, [code, total], Level.MULTIPLY, hint="log_probs")

    def logsumexp(self, code: Code, axes: Sequence[int], *, keep: bool) -> Code:
        return self._of_rows("logsumexp", code, axes, keep=keep)

    def norm(self, code: Code, axes: Sequence[int], rank: int, *, keep: bool) -> Code:
        words = self._along(axes, rank, keep=keep)
        if len(axes) > 2 and words:
            square = self.codes.make("{0} ** {1}", Level.POWER, [code, self.codes.leaf("2")], Level.ATOM)
            return self.function("sqrt", self.reduced("sum", square, axes, rank, keep=keep))
        return self.codes.call(f"{self.module}.linalg.norm({{0}}{', ' * bool(words)}{words})", code, hint="length")

    def prod(self, code: Code, axes: Sequence[int], rank: int, *, keep: bool) -> Code:
        return self.reduced("prod", code, axes, rank, keep=keep)

    # --- products of matrices

    def einsum(self, subscripts: str, codes: Sequence[Code]) -> Code:
        return self.codes.call(f'{self.module}.einsum("{subscripts}", {slots(len(codes))})', *codes)

    def matmul(self, a: Code, b: Code) -> Code:
        return self.codes.make("{0} @ {1}", Level.MULTIPLY, [a, b], [Level.MULTIPLY, Level.UNARY])

    def solve(self, a: Code, b: Code, *, columns: bool) -> Code:
        if columns:
            return self.codes.call(f"{self.module}.linalg.solve({{0}}, {{1}})", a, b)
        wide = self.codes.method("{0}[..., None]", b, cheap=True)
        return self.codes.call(f"{self.module}.linalg.solve({{0}}, {{1}})[..., 0]", a, wide)

    # --- shapes

    def transposed(self, piece: Piece, order: str) -> Piece:
        """The axes in another order."""
        rank = len(order)
        if rank == 2:
            template = "{0}.T"
        elif piece.axes[:-2] == order[:-2]:
            template = self.swapped()
        else:
            template = self.permuted(", ".join(str(piece.axes.index(one)) for one in order))
        return Piece(self.codes.method(template, piece.code, cheap=True), order)

    def swapped(self) -> str:
        return "{0}.swapaxes(-1, -2)"

    def permuted(self, axes: str) -> str:
        return f"{{0}}.transpose({axes})"

    def indexed(self, code: Code, parts: Sequence[str]) -> Code:
        """New axes, and axes of one entry dropped."""
        kept = list(parts)
        while kept and kept[-1] == ":":
            kept.pop()
        if not kept:
            return code
        if len(kept) == len(parts) > 2 and all(one == ":" for one in kept[:-1]):
            kept = ["...", kept[-1]]
        return self.codes.method(f"{{0}}[{', '.join(kept)}]", code, cheap=True)

    def broadcasts(self, code: Code, key: Sequence[object]) -> bool:  # noqa: ARG002 - a library may ask
        """Whether what is put in at a key broadcasts by itself."""
        return True

    def broadcast(self, code: Code, shape: Code) -> Code:
        return self.codes.call(f"{self.module}.broadcast_to({{0}}, {{1}})", code, shape)

    def reshape(self, code: Code, shape: Sequence[Code]) -> Code:
        return self.codes.method(f"{{0}}.reshape({slots(len(shape), 1) or '()'})", code, *shape, cheap=True)

    def concatenate(self, codes: Sequence[Code], axis: int) -> Code:
        return self._joined("concatenate", codes, axis)

    def stack(self, codes: Sequence[Code], axis: int) -> Code:
        return self._joined("stack", codes, axis)

    def _joined(self, name: str, codes: Sequence[Code], axis: int) -> Code:
        along = f", {self.axis}={axis}" if axis else ""
        return self.codes.call(f"{self.module}.{name}([{slots(len(codes))}]{along})", *codes)

    def diagonal(self, code: Code) -> Code:
        return self.codes.call(f"{self.module}.diagonal({{0}})", code)

    # --- entries

    def index(self, code: Code, key: Sequence[object], indices: Sequence[Code]) -> Code:
        """x[key]; parts of the key are numbers, spans, None, arrays, and places among the indices."""
        text, used = self.key(key, indices, 1)
        return self.codes.method(f"{{0}}[{text}]", code, *used, cheap=not used, hint="picked")

    def key(self, key: Sequence[object], indices: Sequence[Code], first: int) -> tuple[str, list[Code]]:
        """A key as text with slots from `first` on, and what goes in there."""
        texts: list[str] = []
        used: list[Code] = []
        for part in key:
            if isinstance(part, Place | Fixed):
                code = indices[part.number - 1] if isinstance(part, Place) else self.whole_numbers(part.array)
                texts.append(f"{{{first + len(used)}}}")
                used.append(code)
            elif isinstance(part, Span):
                texts.append(span_text(part, self._size_slot(used, first)))
            else:
                texts.append(str(part))
        while len(texts) > 1 and texts[-1] == ":":
            texts.pop()
        return ", ".join(texts), used

    def _size_slot(self, used: list[Code], first: int) -> Callable[[Size], str]:
        def slot(size: Size) -> str:
            if isinstance(size, int):
                return str(size)
            used.append(self.size(size))
            return f"{{{first + len(used) - 1}}}"

        return slot

    def scatter(self, code: Code, shape: Code, key: Sequence[object], indices: Sequence[Code]) -> Code:
        """Zeros of a shape with entries added in where the key points."""
        text, used = self.key(key, indices, 2)
        zeros = f"{{name}} = {self.module}.zeros({{1}})"
        advanced = any(isinstance(part, Place | Fixed) for part in key)
        if advanced:
            text = f"({text})" if ", " in text else text
            text = f"np.s_[{text}]" if ":" in text and not text.startswith("(") else text
            argument = f"np.s_[{text.strip('()')}]" if any(isinstance(part, Span) for part in key) else text
            put = f"np.add.at({{name}}, {argument}, {{0}})"
        else:
            put = f"{{name}}[{text}] = {{0}}"
        return self.codes.make("scatter", Level.ATOM, [code, shape, *used], lines=[zeros, put], hint="spread")

    def windows(self, code: Code, sliding: Sliding) -> Code:
        many = len(sliding.kernel)
        kernel = tuple((size - 1) * d + 1 for size, d in zip(sliding.kernel, sliding.dilation, strict=True))
        axes = tuple(range(-many, 0))
        steps = [f"::{one}" if one > 1 else ":" for one in (*sliding.stride, *sliding.dilation)]
        stepped = f"[..., {', '.join(steps)}]" if any(one != ":" for one in steps) else ""
        view = f"np.lib.stride_tricks.sliding_window_view({{0}}, {kernel}, axis={axes})"
        return self.codes.call(view + stepped, code, hint="patches")

    # --- arrays that are made

    def eye(self, size: Code) -> Code:
        return self.codes.call(f"{self.module}.eye({{0}}{self._kind()})", size, *self._like(), cheap=True)

    def triangle(self, rows: Code, columns: Code, offset: int, *, lower: bool) -> Code:
        name, k = ("tril" if lower else "triu"), (f", {offset}" if offset else "")
        ones = f"{self.module}.ones(({{0}}, {{1}}){self._kind(2)})"
        return self.codes.call(f"{self.module}.{name}({ones}{k})", rows, columns, *self._like())

    def arange(self, size: Code) -> Code:
        return self.codes.call(f"{self.module}.arange({{0}})", size, hint="rows")

    def whole(self, code: Code) -> Code:
        """An array whose numbers are whole, as integers: an index."""
        return self.codes.method("{0}.astype(int)", code, cheap=True)

    def floating(self, code: Code) -> Code:
        """Integers as the kind of number that the inputs have, where the library's functions do not see to it."""
        return code

    def zeros_like(self, code: Code) -> Code:
        return self.codes.call(f"{self.module}.zeros_like({{0}})", code, cheap=True)

    def array(self, text: str) -> Code:
        return self.codes.call(f"{self.module}.array({text}{self._kind(0)})", *self._like(), cheap=True)

    def whole_numbers(self, array: object) -> Code:
        return self.codes.leaf(str(array.tolist()))  # type: ignore[attr-defined]

    def _kind(self, slot: int = 1) -> str:  # noqa: ARG002 - a library whose arrays are of many kinds asks
        """What makes an array's numbers of the kind of the inputs'."""
        return ""

    def _like(self) -> tuple[Code, ...]:
        return ()

    # --- the file

    def imports(self, body: str) -> list[str]:
        """The lines that the file begins with."""
        lines = [f"import {name}" for name in ("itertools", "math") if f"{name}." in body]
        lines += ["from statistics import NormalDist"] if "NormalDist" in body else []
        return [*lines, *[""] * bool(lines), *self.libraries]

    def written_helpers(self) -> list[str]:
        """The functions that the code calls and the library lacks."""
        return [HELPERS[self.name][name].strip("\n") for name in self.helpers]


def is_one(argument: Argument) -> bool:
    """Whether it is 1."""
    return isinstance(argument[0], Number) and argument[0].value == 1


def is_zero(argument: Argument) -> bool:
    """Whether it is 0."""
    return isinstance(argument[0], Number) and argument[0].value == 0


def is_number(argument: Argument) -> bool:
    """Whether an argument is a plain number."""
    return is_constant(argument[0])


def is_python(code: Code) -> bool:
    """Whether it is a number of Python's own, made of literals and sizes, and no array as `torch.arange(n)` is."""
    if code.size or not code.operands:
        return code.size or code.template[:1].isdigit() or code.template.startswith("math.")
    return all(map(is_python, code.operands)) and not code.template.startswith("torch.")


def axes_text(axes: Sequence[int]) -> str:
    """Axes as they are given to a function."""
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))


def span_text(span: Span, size: Callable[[Size], str]) -> str:
    """A slice as it is typed."""
    start, stop, step = span
    texts = ["" if one is None or (one == 0 and one is start) else size(one) for one in (start, stop)]
    return ":".join([*texts, str(step)] if step not in (None, 1) else texts)

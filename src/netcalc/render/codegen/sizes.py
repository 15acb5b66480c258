"""Sizes and shapes as code: numbers, and letters that are the sizes of inputs' axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from netcalc.graph.sizes import Letters, Shape, settled
from netcalc.render.codegen import formulas
from netcalc.render.codegen.terms import Code, Level, slots

if TYPE_CHECKING:
    from netcalc.render.codegen.language import Language


class Sizes:
    """Sizes in what was found to have them; `letter` says what a letter of a size is called."""

    def __init__(self, language: Language, letter: Callable[[str], str]) -> None:
        self._codes = language.codes
        self._language = language
        self._letter = letter
        self._shapes: dict[Shape, Code] = {}
        self._sizes: dict[str, Code] = {}

    def found_at(self, shape: Shape, code: Code) -> None:
        """That shape is what the code has."""
        if shape:
            self._shapes.setdefault(_known(shape), code)

    def learn(self, shape: Shape, leaf: Code, *, multiples: bool) -> None:
        """The letters that are sizes of an input's axes, or of which one is a multiple: C of 4·C."""
        for place, extent in enumerate(_known(shape)):
            terms = extent.terms if isinstance(extent, Letters) else ()
            ((letters, count),) = terms if len(terms) == 1 else (((), 1),)
            if len(letters) == 1 and letters[0] not in self._sizes and multiples == (count != 1):
                size = self._codes.method(f"{{0}}.shape[{place}]", leaf)
                if multiples:
                    size = self._codes.make(f"{{0}} // {count}", Level.MULTIPLY, [size], cheap=True)
                hint = self._letter(letters[0])
                self._sizes[letters[0]] = self._codes.make("{0}", Level.ATOM, [size], hint=hint, size=True, cheap=True)

    def size(self, size: object) -> Code:
        """A size as code: a number, a letter, or what it is in letters."""
        known = settled(size)  # type: ignore[arg-type]
        if isinstance(known, int):
            return self._codes.leaf(str(known))
        from netcalc.errors import NetcalcError
        from netcalc.graph.sizes import tree

        missing = [one for letters, _ in known.terms for one in letters if one not in self._sizes]  # type: ignore[union-attr]
        if missing:
            raise NetcalcError(f"the size {missing[0]} is that of no input's axis, so code can't know it; give values")
        return formulas.written(self._language, tree(known), self._sizes)

    def shape(self, shape: Shape) -> Code:
        """A shape as code: that of something that has it, or its sizes."""
        known = self._shapes.get(_known(shape))
        if known is not None:
            return self._codes.method("{0}.shape", known, cheap=True)
        sizes = [self.size(one) for one in shape]
        return self._codes.make(f"({slots(len(sizes))}{',' * (len(sizes) == 1)})", Level.ATOM, sizes, cheap=True)


def _known(shape: Shape) -> Shape:
    return tuple(map(settled, shape))

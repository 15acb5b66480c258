"""Names that Python takes: those of the user, and others beside them."""

from __future__ import annotations

import builtins
import keyword
import unicodedata
from collections.abc import Iterable

RESERVED = frozenset(keyword.kwlist) | frozenset(keyword.softkwlist) | frozenset(dir(builtins))


class Names:
    """Gives out names, each once. `renamed` are the user's that Python can't have, by what they are called instead."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self.renamed: dict[str, str] = {}

    def of_user(self, text: str) -> str:
        """What the user calls it, as Python takes it."""
        wanted = identifier(text)
        name = self.free(wanted)
        if wanted != text or name == f"{text}_":
            self.renamed[name] = text
        return name

    def free(self, wanted: str) -> str:
        """The name, or with a number behind it where it is taken."""
        if wanted in RESERVED:
            wanted += "_"
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}" if wanted[-1].isdigit() else f"{wanted}{count}"
        self._taken.add(name)
        return name


def identifier(text: str) -> str:
    """A text as a name: `W[0,1]` is W_0_1, `f'` is f_prime."""
    plain = unicodedata.normalize("NFKC", text)
    if plain.isidentifier():
        return plain
    plain = plain.replace("'", "_prime")
    kept = "".join(one if f"a{one}".isidentifier() else "_" for one in plain).strip("_")
    return kept if kept.isidentifier() else f"v_{kept}"

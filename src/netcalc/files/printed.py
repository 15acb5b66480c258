"""Arrays as other systems print them, as lists in lists.

`tensor([[1., 2.]], dtype=torch.float64)` of PyTorch, `array([1, 2])`, `[[1 2] [3 4]]` and `np.float64(0.5)` of NumPy,
Python's `(1, 2)`, MATLAB's `[1 2; 3 4]`.
"""

from __future__ import annotations

import re

from netcalc.errors import ValueSyntaxError

_CALL = r"""
    (?:Parameter\ containing:)?\s* (?:\w+\.)* (?:array|asarray|tensor|as_tensor|Array|Parameter|matrix) \s*
    \( (?P<inside>.*?)
    (?:,\s* (?:dtype|device|grad_fn|requires_grad|weak_type|copy|shape)\s*=.*)? \)
"""
_SCALAR = r"(?:\b\w+\.)?\b(?:float|bfloat|int|uint)\d+\((?P<number>[-+\d.eE]+)\)"
_OF_NUMBERS = frozenset("0123456789.eE+-−/,;()[] \t\n")
_BESIDE = r"(?<=[\d.\])])\s+(?=[-+−]?[\d.\[(])"


def as_lists(text: str) -> str:
    """The text of a printed array as `[[1, 2], [3, 4]]`, or its rows as `1 2; 3 4`; any other text as it is.

    Raises ValueSyntaxError for an array that was printed with `...` in place of its middle.
    """
    if "(" not in text and "[" not in text:
        return text
    text = re.sub(_SCALAR, r"\g<number>", text)
    if "..." in text:
        raise ValueSyntaxError("an array printed with '...' lacks numbers: save it, as with np.save, and give the file")
    printed = re.fullmatch(_CALL, text.strip(), re.VERBOSE | re.DOTALL)
    inside = printed["inside"].strip() if printed else text.strip()
    if inside[:1] not in "([" or not _OF_NUMBERS.issuperset(inside):
        return inside if printed else text
    listed = _with_brackets(inside)
    if listed[:1] != "[" or listed[-1:] != "]":
        return text
    if ";" in listed:
        return text if "[" in listed[1:-1] else listed[1:-1]
    return listed if "," in listed else re.sub(_BESIDE, ", ", listed)


def _with_brackets(text: str) -> str:
    """Round brackets with a comma of their own, which make a tuple, as square ones."""
    out, opened, has_comma = list(text), list[int](), dict[int, bool]()
    for place, character in enumerate(text):
        if character in "([":
            opened.append(place)
        elif character == "," and opened:
            has_comma[opened[-1]] = True
        elif character in ")]" and opened:
            start = opened.pop()
            if text[start] == "(" and start in has_comma:
                out[start], out[place] = "[", "]"
                before = place - 1 - (len(text[:place]) - len(text[:place].rstrip()))
                out[before] = "" if text[before] == "," else out[before]
    return "".join(out)

"""An activation's curve and slope as a picture, by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from netcalc.entry import Entry
from netcalc.errors import MissingExtraError
from netcalc.files.write import write_atomically
from netcalc.render.entries import heights

SUFFIXES = (".svg", ".png", ".pdf")
INCHES = (7.0, 4.2)
DOTS_AN_INCH = 160
POINTS = 1201
JUMP = 0.05  # of the height: more than that between two neighbours at a kink is left open
DATES = {".svg": ("Date",), ".pdf": ("CreationDate",)}  # left out, so that the same request gives the same file


def is_picture(path: Path | None) -> TypeGuard[Path]:
    """Whether a file is a picture, by the end of its name."""
    return path is not None and path.suffix.lower() in SUFFIXES


def picture(entry: Entry, path: Path) -> None:
    """Write the picture of an entry. Raises MissingExtraError without matplotlib, FileError."""
    figure = _figure(entry)
    undated = dict.fromkeys(DATES.get(path.suffix.lower(), ()))
    with write_atomically(path, "wb") as file:
        figure.savefig(file, format=path.suffix[1:].lower(), dpi=DOTS_AN_INCH, metadata=undated)


def _figure(entry: Entry) -> Any:
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure  # without pyplot: no window, no global state
    except ImportError:
        raise MissingExtraError("a picture needs matplotlib: pip install 'netcalc-gradients[plot]'") from None
    mpl.rcParams["svg.hashsalt"] = "netcalc"  # the same picture each time
    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.add_subplot()
    left, right = entry.window
    q = np.linspace(left, right, POINTS)
    bounds = []
    for order, label, style in ((0, "$f(q)$", "-"), (1, "$f'(q)$", "--")):
        values = entry.curve(order, q)
        bounds.append(heights(values, right))
        axes.plot(q, _open_at_jumps(values, q, entry), style, label=label, linewidth=2)
    bottom, top = min(low for low, _ in bounds), max(high for _, high in bounds)
    margin = 0.05 * (top - bottom)
    axes.set(xlim=(left, right), ylim=(bottom - margin, top + margin), xlabel="$q$", title=entry.name)
    axes.axhline(0, color="0.6", linewidth=0.8)
    axes.axvline(0, color="0.6", linewidth=0.8)
    axes.legend(frameon=False)
    return figure


def _open_at_jumps(values: np.ndarray, q: np.ndarray, entry: Entry) -> np.ndarray:
    """The values with a gap where the curve jumps at a kink."""
    drawn, height = values.copy(), np.ptp(values)
    for kink in map(float, entry.activation.kinks):
        place = int(np.searchsorted(q, kink))
        if 0 < place < len(q) - 1 and abs(values[place + 1] - values[place - 1]) > JUMP * height:
            drawn[place] = np.nan
    return drawn

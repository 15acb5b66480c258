"""What makes the bytes: atheris, which looks for those that reach new lines; where there is none, chance from a seed."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

with contextlib.suppress(ImportError):
    import atheris

HAS_ATHERIS = "atheris" in sys.modules
HUNG = 600  # seconds by the clock, after which a run is given up
Change = Callable[[bytes, random.Random], bytes]
SEED = int(os.environ.get("FUZZ_SEED", "1"))  # of what is drawn


class Bytes:
    """Numbers out of bytes, as atheris.FuzzedDataProvider makes them: from the end, and the least when none are left."""

    def __init__(self, data: bytes) -> None:
        self._left = bytearray(data)

    def ConsumeIntInRange(self, low: int, high: int) -> int:
        number, width = 0, high - low
        while width > 0 and self._left:
            number, width = number << 8 | self._left.pop(), width >> 8
        return low + number % (high - low + 1)

    def ConsumeBool(self) -> bool:
        return bool(self.ConsumeIntInRange(0, 1))


def imported() -> contextlib.AbstractContextManager[object]:
    """What is imported here is watched."""
    return atheris.instrument_imports(include=["netcalc"]) if HAS_ATHERIS else contextlib.nullcontext()


def provider(data: bytes) -> object:
    """The bytes as a source of numbers."""
    return atheris.FuzzedDataProvider(data) if HAS_ATHERIS else Bytes(data)


def fuzz(
    run: Callable[[bytes], None], change: Change | None, folders: Sequence[Path], seconds: int, longest: int
) -> None:
    """Runs until the time is up, first what is in the folders; the first of them takes what is new."""
    if HAS_ATHERIS:
        _by_atheris(run, change, folders, seconds, longest)
    else:
        _by_chance(run, change, folders, seconds, longest)


def _by_atheris(
    run: Callable[[bytes], None], change: Change | None, folders: Sequence[Path], seconds: int, longest: int
) -> None:
    def mutate(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if change is None or draw.random() < 0.3:
            return atheris.Mutate(data, most)
        return change(data, draw)[:most]

    options = [
        *(f"-max_total_time={seconds}", f"-max_len={longest}", f"-timeout={HUNG}", "-rss_limit_mb=3000"),
        *(f"-seed={SEED}", "-reload=0", "-verbosity=0", f"-artifact_prefix={folders[0].parent}/"),
    ]
    atheris.Setup([sys.argv[0], *options, *map(str, folders)], run, custom_mutator=mutate)
    atheris.Fuzz()


def _by_chance(
    run: Callable[[bytes], None], change: Change | None, folders: Sequence[Path], seconds: int, longest: int
) -> None:
    draw, end = random.Random(SEED), time.monotonic() + seconds
    known = [file.read_bytes() for folder in folders for file in sorted(folder.iterdir())] or [b""]
    for data in known:
        run(data)
    while time.monotonic() < end:
        data = draw.choice(known)
        data = change(data, draw) if change is not None and draw.random() < 0.7 else _any(data, draw)
        run(data[:longest])


def _any(data: bytes, draw: random.Random) -> bytes:
    """Bytes put in, taken out, or others in their place."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        start = draw.randint(0, len(changed))
        end = min(len(changed), start + draw.choice((0, 0, 1, 1, 4, 16)))
        changed[start:end] = draw.randbytes(draw.choice((0, 1, 1, 4, 64)))
    return bytes(changed)

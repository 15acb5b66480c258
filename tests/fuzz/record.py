"""What the run at hand is about, what came of all of them, and what is raised where something doesn't hold."""

from __future__ import annotations

from collections import Counter

tried: list[str] = []  # what the run at hand is about
tally: Counter[str] = Counter()


class Contradiction(AssertionError):
    """Two things that must agree don't."""

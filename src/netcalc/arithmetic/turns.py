"""Balls have one precision for the whole process, so threads that compute in them take turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
TURN = RLock()


def in_turn(function: Callable[P, T]) -> Callable[P, T]:
    """The function, called by one thread at a time."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        with TURN:
            return function(*args, **kwargs)

    return called


@contextmanager
def turn_given_up() -> Iterator[None]:
    """Other threads go on meanwhile: what is done inside needs no balls."""
    try:
        TURN.release()
    except RuntimeError:  # who computes here has taken none
        yield
        return
    try:
        yield
    finally:
        TURN.acquire()

"""SymPy within its time: what it simplifies, proves or factors, if that takes little."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from netcalc.errors import TookTooLong

SIMPLIFY_SECONDS = 2.0
FACTOR_SECONDS = 0.5
RING_AGAIN = 0.05  # seconds between an alarm and the next
HIGHEST_DEGREE = 200
LONGEST_EXPANSION = 30  # exponent of a sum that may be multiplied out
LONGEST_NUMBER = 400  # bits
# What SymPy, asked for too much, may end with; the formula then stays as it is.
SYMPY_FAILURES = (
    ArithmeticError,
    AttributeError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)


@contextlib.contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raises TookTooLong inside after that many seconds of computing (in the main thread of a POSIX system).

    The processor's time, not the wall's: what a formula simplifies to doesn't depend on what else the machine does.
    The alarm rings again until it is heard: an exception in a finalizer or a collector's callback is dropped, and here
    dropped without the word on stderr that Python has for it.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise TookTooLong(f"the algebra took more than {seconds:g} s")

    def unheard(dropped: sys.UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, TookTooLong):
            told(dropped)

    told, sys.unraisablehook = sys.unraisablehook, unheard
    before = signal.signal(signal.SIGPROF, ring)
    left, _ = signal.setitimer(signal.ITIMER_PROF, seconds, RING_AGAIN)  # of a bound around this one
    started = time.process_time()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        sys.unraisablehook = told
        if left:
            signal.setitimer(signal.ITIMER_PROF, max(left - (time.process_time() - started), RING_AGAIN), RING_AGAIN)


def equal(a: Any, b: Any) -> bool:
    """Whether SymPy proves it within its time."""
    import sympy as sp

    with contextlib.suppress(TookTooLong), bounded(SIMPLIFY_SECONDS):
        over_one_bar = sp.expand(sp.numer(sp.together(a - b)))  # far quicker than simplify, where it is enough
        return bool(over_one_bar == 0 or sp.simplify(a - b) == 0)
    return False


def shorter(expression: Any) -> Any:
    """The expression simplified, if that takes little time and makes it no longer."""
    import sympy as sp

    if not is_tame(expression):
        return expression
    with contextlib.suppress(TookTooLong), bounded(SIMPLIFY_SECONDS):
        return min([expression, sp.factor(expression), sp.simplify(expression)], key=sp.count_ops)
    return expression


def factored(expression: Any) -> Any:
    """The expression as a product, if that takes little time and makes it shorter: products cancel nothing."""
    import sympy as sp

    if not is_tame(expression):
        return expression
    with contextlib.suppress(TookTooLong), bounded(FACTOR_SECONDS):
        return min([expression, sp.factor(expression)], key=sp.count_ops)
    return expression


def is_tame(expression: Any) -> bool:
    """Whether its polynomials are of a degree that is factored at once: compiled code hears no alarm until it is done.

    e^100000 is a polynomial of degree 100,000 in e; so is e^(1/100000), of its root.
    """
    import sympy as sp

    numbers = expression.atoms(sp.Rational)
    if any(max(int(one.p).bit_length(), int(one.q).bit_length()) > LONGEST_NUMBER for one in numbers):
        return False
    powers = expression.atoms(sp.Pow, sp.exp)
    if any(one.base.is_Add and one.exp.is_Integer and abs(int(one.exp)) > LONGEST_EXPANSION for one in powers):
        return False
    exponents = [power.exp.as_coeff_Mul()[0] for power in powers]
    return all(max(abs(int(c.p)), int(c.q)) <= HIGHEST_DEGREE for c in exponents if c.is_Rational)

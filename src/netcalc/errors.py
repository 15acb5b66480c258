"""The exceptions of netcalc; each knows the exit status it ends a run with."""

from __future__ import annotations

import errno


class NetcalcError(Exception):
    """Something a user can put right: the message says what, where, and what would be right.

    `source` is the text that was read and `position` the offending character's offset in it; where both
    are given, the printed error shows the text with a caret under that character. `key` is the key of a problem's
    file that it is about, so that its line can be told.
    """

    exit_status = 2

    def __init__(
        self, message: str, *, source: str | None = None, position: int | None = None, key: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.position = position
        self.key = key

    def __str__(self) -> str:
        """The message, with the places that were added to it on the way up."""
        return self.message


class ExpressionError(NetcalcError):
    """What was typed is no expression that netcalc takes."""


class ValueSyntaxError(NetcalcError):
    """What was given as numbers does not read as numbers, nor as a file."""


class FileError(NetcalcError):
    """A file could not be read or written, or does not hold what was asked of it."""


class ShapeError(NetcalcError):
    """Two shapes do not fit together; the message names both."""


class TooEarlyError(NetcalcError):
    """A name is used before a line assigns it, so that Python stops there; the message says which line does."""


class UnknownNameError(NetcalcError):
    """No such activation, loss, format or variable; the message suggests the nearest one."""


class UndefinedError(NetcalcError):
    """A function is not defined at this point; the message says where it is."""


class MissingExtraError(NetcalcError):
    """An optional dependency is needed; the message says what to install."""


class TookTooLong(NetcalcError):
    """A piece of algebra ran out of its time, or would if it were begun."""


NO_MEMORY = "error: not enough memory for this problem"
SAID_WITHOUT_MEMORY = (
    *("failed to map segment", "cannot allocate memory", "can't start new thread"),
    *("without exception set", "without setting an exception"),  # by what got no memory in C, and said nothing
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a run ended for want of memory: told by Python, by the system, or by what was being imported."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    if isinstance(error, SystemError) and isinstance(error.__cause__, MemoryError):  # of a call that went on regardless
        return True
    said = str(error).lower()
    return isinstance(error, ImportError | RuntimeError | SystemError) and any(
        one in said for one in SAID_WITHOUT_MEMORY
    )

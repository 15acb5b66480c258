"""The process that is one command line: `netcalc`, or `python -m netcalc`."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

FEW_COLLECTIONS = (100_000, 20, 20)  # looking for garbage among what is being imported takes a tenth of a run


def run() -> NoReturn:
    """Run the process's own command line, and end it.

    It ends without taking apart all that it imported, which takes a fifth of a short run: once everything else that
    is to be done at the end is done, as what was registered first comes last.
    """
    status = 1

    def end_here() -> None:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)

    atexit.register(end_here)
    gc.set_threshold(*FEW_COLLECTIONS)
    try:
        from netcalc.cli import main

        status = main()
    except KeyboardInterrupt:  # while it imports; `main` hears the later ones
        from signal import SIGINT

        status = 128 + SIGINT
    except SystemExit as asked:  # as typer does when the shell has it complete a line
        status = asked.code if isinstance(asked.code, int) else int(asked.code is not None)
    sys.exit(status)


if __name__ == "__main__":
    run()

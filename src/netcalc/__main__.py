"""`python -m netcalc` is `netcalc`."""

from __future__ import annotations

import sys

from netcalc.cli import main

if __name__ == "__main__":
    sys.exit(main())

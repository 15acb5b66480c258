"""`python -m netcalc` is `netcalc`."""

from __future__ import annotations

from netcalc.cli import run

if __name__ == "__main__":
    run()

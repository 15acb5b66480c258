"""Programs: a forward pass as people code it, read into the graph. Nothing of it is compiled, imported or called."""

from netcalc.program.frames import Given
from netcalc.program.reading import Program, read
from netcalc.program.source import ProgramError

__all__ = ["Given", "Program", "ProgramError", "read"]

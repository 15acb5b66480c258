"""How a command is declared.

A command is one file `commands/NAME.py` with a function `NAME` of at most fifteen lines, and is found by its name:

    @command(order=10, examples={"netcalc neuron --x -1 -2 --w 4 -4 --b -3": "the value and every gradient"})
    def neuron(
        x: Annotated[Values, values("--x", "The inputs.")] = None,
        activation: ActivationName = "sigmoid",
        *, upstream: Upstream, checking: Checking, presentation: Presentation,
    ) -> int | None:
        '''One neuron: q = w·x + b, f = a(q), and every ∂f/∂·.'''

A parameter whose type is a named tuple (`Presentation`, `Checking`, `Upstream`, or a command's own) stands for one
option per field; the function gets the tuple, filled in. What it returns is the exit status, None for 0.
Values arrive as they were typed. Import NumPy, SymPy and whatever imports them inside the function. Annotations are
evaluated as they stand, without `from __future__ import annotations`: typer reads them, and would compile each text.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand
from typer.main import get_command

from netcalc.blas import begin_with_one_thread
from netcalc.commands.options import Presentation
from netcalc.commands.variadic import VariadicCommand
from netcalc.records import NamedTuple

Function = Callable[..., int | None]


class Command(NamedTuple):
    """A function as a command; `examples` maps a command line to what it shows, `order` sorts the help."""

    function: Function
    order: int
    examples: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.function.__name__.replace("_", "-")

    def for_typer(self) -> TyperCommand:
        begin_with_one_thread()
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(self.name, cls=VariadicCommand, epilog=self._epilog())(flatten(self.function))
        built = get_command(app)
        assert isinstance(built, TyperCommand)  # noqa: S101  # one command without a callback is no group
        return built

    def _epilog(self) -> str:
        lines = [line for example, shown in self.examples.items() for line in (f"  # {shown}", f"  {example}")]
        return "\n".join(["\b", "Examples:", *lines]) if lines else ""


def command(*, order: int, examples: Mapping[str, str] | None = None) -> Callable[[Function], Command]:
    return lambda function: Command(function, order, examples or {})


def flatten(function: Function) -> Function:
    """The same function for typer, with the fields of its named tuples as parameters of their own."""
    hints = get_type_hints(function, include_extras=True)
    parameters: dict[str, inspect.Parameter] = {}
    groups: dict[str, tuple[type, list[str]]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if is_group(hints[name]):
            flat = list(field_parameters(hints[name]))
            groups[name] = hints[name], [one.name for one in flat]
        else:
            flat = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])]
        if shared := parameters.keys() & {one.name for one in flat}:
            raise TypeError(f"{function.__name__} declares {', '.join(sorted(shared))} twice")
        parameters |= {one.name: one for one in flat}

    def run(**given: Any) -> int | None:
        for name, (group, members) in groups.items():
            given[name] = group(**{member: given.pop(member) for member in members})
        shown = given.get("presentation")
        if not isinstance(shown, Presentation) or not shown.proves:
            return function(**given)
        from netcalc.files.cells import all_exact

        with all_exact():  # proven digits are those of the numbers as they were written
            return function(**given)

    run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, function.__module__
    run.__annotations__ = {one.name: one.annotation for one in parameters.values()}
    vars(run)["__signature__"] = inspect.Signature(list(parameters.values()))
    return run


def is_group(hint: Any) -> bool:
    return isinstance(hint, type) and hasattr(hint, "_field_defaults")


def field_parameters(group: Any) -> Iterable[inspect.Parameter]:
    for name, hint in get_type_hints(group, include_extras=True).items():
        default = group._field_defaults.get(name, inspect.Parameter.empty)
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)

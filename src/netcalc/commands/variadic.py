"""Options that take many values: `--x -1 -2` is one list of two.

typer reads one value an option and takes `-2` for a flag. `VariadicCommand` reads the line first: a list runs until
the next flag, and typer is handed a line that it understands. A flag is `--word`, or `-f` where this command has a
short flag `-f` (with its value attached or not). So `-1`, `-.5`, `-e`, `-pi/4` and `-sqrt(2)` are values, and so is a
lone `-`. `--x=-1,-2` is a whole list; `--` ends lists and flags.

A variadic option is declared as `list[str] | None`; its values arrive as they were typed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field
from difflib import get_close_matches
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperOption

from netcalc.errors import NetcalcError, UnknownNameError
from netcalc.outside import cut_at_commas
from netcalc.records import dataclass

Parameter = TyperArgument | TyperOption
LINE = "netcalc.line"  # the key in a context's meta

LONG_FLAG = r"--[A-Za-z]"
SAME = (  # what is the same under other names
    ("--x", "--v", "--input", "--inputs"),
    ("--w", "--matrix", "--W", "--weights", "--weight"),
    ("--target", "--t", "--y"),
    ("--at", "--x", "--v"),
)
ATTACHED_VALUE = r"[\w.,/~:-]+"  # `-fjson`, `-oout/a.csv`; not the `tan(1)` of `-atan(1)`


class VariadicCommand(TyperCommand):
    """A command whose options of many values are written with one flag."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        convert_without_pydantic(self.get_params(ctx))
        options = {flag: p for p in self.get_params(ctx) if isinstance(p, TyperOption) for flag in p.opts}
        line = Line(options, takes_words=any(isinstance(p, TyperArgument) for p in self.params))
        ctx.meta[LINE] = line
        try:
            line.read(args)
        except NetcalcError:
            if not ctx.resilient_parsing:  # the shell completes lines that are not finished
                raise
        return super().parse_args(ctx, line.arguments())

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The values of a list that is still open, or else flags."""
        return complete_open_list(ctx, incomplete) or super().shell_complete(ctx, incomplete)


@dataclass(eq=False, repr=False)
class Line:
    """A command line as read: typer's part, every list by its option's name, the words that belong to no flag."""

    options: dict[str, TyperOption]
    takes_words: bool
    plain: list[str] = field(default_factory=list)
    lists: dict[str, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    open: TyperOption | None = None

    def arguments(self) -> list[str]:
        """The line for typer: one value stands for each list, so that a long one costs no more than its length."""
        by_name = {option.name: flag for flag, option in self.options.items()}
        lists = [part for name, values in self.lists.items() for part in (by_name[name], values[0])]
        return [*self.plain, *lists, *(["--", *self.words] if self.words else [])]

    def read(self, pieces: Iterable[str]) -> None:
        rest = iter(pieces)
        for piece in rest:
            if piece == "--":
                self.open = None
                self.words += rest
            elif flag := self.flag_of(piece):
                self.take_flag(flag, piece, rest)
            elif self.open is not None:
                if re.fullmatch("-[a-df-z]", piece) and f"-{piece}" in self.options:  # -e is a number, no other letter
                    raise unknown_option(piece, self.options)
                self.lists.setdefault(self.open.name, []).append(piece)
            elif self.takes_words:
                self.words.append(piece)
            else:
                raise self.unexpected(piece)

    def flag_of(self, piece: str) -> str | None:
        """The flag that the piece is or starts with, None for a value."""
        if re.match(LONG_FLAG, piece):
            return piece.partition("=")[0]
        short = self.options.get(piece[:2])
        if short is None or piece[:1] != "-" or piece[1:2] == "-":
            return None
        attached = not short.is_flag and re.fullmatch(ATTACHED_VALUE, piece[2:])
        return piece[:2] if len(piece) == 2 or attached else None

    def take_flag(self, flag: str, piece: str, rest: Iterator[str]) -> None:
        self.open = None
        option = self.options.get(flag)
        if option is None:
            raise unknown_option(flag, self.options)
        value = None if piece == flag else piece[len(flag) :].removeprefix("=")
        if option.is_flag and value is not None:
            raise NetcalcError(f"{flag} takes no value")
        if option.is_flag:
            self.plain.append(flag)
        elif value is not None:
            self.take_value(option, flag, split_at_commas(value) if option.multiple else [value])
        else:
            first = next(rest, None)
            if (option.metavar or "").startswith("[") and (
                first is None or self.flag_of(first)
            ):  # its value is optional
                self.take_value(option, flag, [""])
                if first is not None:
                    self.take_flag(self.flag_of(first) or first, first, rest)
                return
            if first is None or first == "--" or self.flag_of(first):
                self.open = option if option.multiple and first is None else None
                raise NetcalcError(f"{flag} needs a value" + (f", not {first}" if first else ""))
            self.take_value(option, flag, [first])
            self.open = option if option.multiple else None

    def take_value(self, option: TyperOption, flag: str, values: list[str]) -> None:
        if option.multiple:
            self.lists.setdefault(option.name, []).extend(values)
        else:
            self.plain += [flag, *values]

    def unexpected(self, piece: str) -> NetcalcError:
        if re.match("-[A-Za-z]", piece):
            return unknown_option(piece, self.options)
        example = next((flag for flag, option in self.options.items() if option.multiple), None)
        return NetcalcError(f"unexpected {piece!r}" + (f"; values follow a flag: {example} {piece}" if example else ""))


def unknown_option(flag: str, known: Collection[str]) -> UnknownNameError:
    suggestion = f"-{flag}" if f"-{flag}" in known else _same(flag, known) or nearest(flag, known)
    return UnknownNameError(f"no such option {flag!r}" + (f"; did you mean {suggestion!r}?" if suggestion else ""))


def _same(flag: str, known: Collection[str]) -> str | None:
    """What is called otherwise elsewhere: the inputs are --x of a neuron, and --v of a layer."""
    return next((one for group in SAME if flag in group for one in group if one in known), None)


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant: `--dig`, `--digit` and `--didgits` are `--digits`, `--weights` is `--w`."""
    known = sorted(names, key=len, reverse=True)
    completed = [name for name in known if name.startswith(word)]
    close = get_close_matches(word, known, n=1, cutoff=0.75)
    shortened = [name for name in known if len(name) > 2 and word.startswith(name)]
    far = get_close_matches(word, [name for name in known if min(len(name), len(word)) > 3], n=1)
    return next(iter(completed + close + shortened + far), None)


def split_at_commas(text: str) -> list[str]:
    """`-1,-2` is two values; `atan2(1,2)` is one, and so are the rows `1,2; 3,4`."""
    return [text] if ";" in text else cut_at_commas(text)


def complete_open_list(ctx: Any, incomplete: str) -> list[Any]:
    line = ctx.meta.get(LINE)
    if line is None or line.open is None or incomplete.startswith("-"):
        return []
    return list(line.open.shell_complete(ctx, incomplete))


def convert_without_pydantic(parameters: Iterable[Any]) -> None:
    """Have these parameters convert their own values: typer's way imports pydantic, a third of a whole run's time."""
    for parameter in parameters:
        vars(parameter)["process_value"] = partial(process_value, parameter)
        if isinstance(parameter, TyperArgument):
            vars(parameter)["shell_complete"] = partial(complete_word, parameter)
            vars(parameter)["display_type_rich"] = lambda ctx: ""  # noqa: ARG005  # help needs no <list[str]>


def complete_word(argument: TyperArgument, ctx: Any, incomplete: str) -> list[Any]:
    """A word behind an open list belongs to the list."""
    return complete_open_list(ctx, incomplete) or TyperArgument.shell_complete(argument, ctx, incomplete)


def process_value(parameter: Parameter, ctx: Any, value: Any) -> Any:
    """What typer's own method does, for the values that netcalc declares: str, int, float, Path, bool, lists."""
    flag = parameter.opts[0] if isinstance(parameter, TyperOption) else parameter.metavar or parameter.name.upper()
    if parameter.multiple or parameter.nargs == -1:
        line = ctx.meta.get(LINE)
        value = line.lists.get(parameter.name, value or ()) if line else value or ()
    elif isinstance(value, str):
        value = convert(value, parameter, flag)
    if parameter.required and parameter.value_is_missing(value):
        help_text = (parameter.help or "").removesuffix(".")
        raise NetcalcError(f"missing {flag}" + (f": {help_text[0].lower()}{help_text[1:]}" if help_text else ""))
    return value if parameter.callback is None else parameter.callback(ctx, parameter, value)


def convert(text: str, parameter: Parameter, flag: str) -> str | int | float | Path:
    kind = parameter.type_descriptor.annotation
    if kind is Path:
        return Path(text)
    if kind is not int and kind is not float:
        return text
    try:
        number: int | float = kind(text)
    except ValueError:
        number = float("nan")
    low, high = parameter.min, parameter.max
    if not isfinite(number) or (low is not None and number < low) or (high is not None and number > high):
        bounds = [f"from {low}" for _ in [0] if low is not None] + [f"to {high}" for _ in [0] if high is not None]
        noun = "a whole number" if kind is int else "a number"
        raise NetcalcError(f"{flag} takes {' '.join([noun, *bounds])}, not {text!r}")
    return number

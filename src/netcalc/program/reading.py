"""A program's text as a graph: which lines are the forward pass, what it returns, what its names stand for."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph.leaves import ARRAY, INPUT, NAMED, STOPPED, name_of
from netcalc.graph.node import Node, in_order
from netcalc.graph.shaping import INDEX, SCATTER
from netcalc.program import training
from netcalc.program.answers import LOSSES, backward_defs, calls_def, holds_gradients, loss_named, split
from netcalc.program.both import split_within
from netcalc.program.chosen import called, computes, function_of_pass, object_of_pass
from netcalc.program.classes import in_line, used_classes, with_both_passes
from netcalc.program.frames import Assigned, Given
from netcalc.program.named import is_gradient, made_of, names_of, returned_again, without_gradients
from netcalc.program.objects import Layer, differentiated, each_alone, each_applied
from netcalc.program.scope import MAX_STATEMENTS
from netcalc.program.source import ProgramError, Source, libraries_of, library_of, parse
from netcalc.program.statements import Statements
from netcalc.program.values import REALS, Function, Missing, Module, Tensor, node_of
from netcalc.records import dataclass


@dataclass(frozen=True, eq=False)
class Program:
    """A forward pass: its inputs and its named nodes in order, and what it comes to.

    A name assigned once is itself; of one assigned more than once the last is, and each is `name@LINE`, or
    `name@LINE.k` the k-th time the line is passed. `indices` are whole numbers and booleans: they have no gradient.
    `leaves` are arrays of its own that it asks the gradient of.
    `lines` has the line of each name. `reader` has read it; `rest` are lines of the file behind it that give gradients,
    `layers` the objects that it has which no line puts together.
    """

    source: Source
    output: Node
    output_name: str
    inputs: Mapping[str, Node]
    named: Mapping[str, Node]
    lines: Mapping[str, int]
    indices: frozenset[str] = frozenset()
    leaves: frozenset[Node] = frozenset()
    notes: tuple[str, ...] = ()
    reader: Statements | None = None
    rest: tuple[ast.stmt, ...] = ()
    layers: tuple[Layer, ...] = ()

    @property
    def wrt(self) -> tuple[str, ...]:
        """The names that have a gradient: inputs that are numbers, and what is made of them.

        A program that is given nothing, as a cell of a notebook, is differentiated by the arrays that it states.
        """
        inputs = [name for name in self.inputs if name not in self.indices]
        leaves = [*(self.inputs[name] for name in inputs), *self.leaves] or self._stated()
        reached = made_of(leaves, [*self.named.values(), self.output])
        own = [
            name
            for name, node in self.named.items()
            if node in reached and node is not self.output and name not in (*self.indices, self.output_name)
        ]
        return (*inputs, *own)

    def _stated(self) -> list[Node]:
        """The named arrays of numbers, whole ones left out, that are made of no named ones and lead to the output."""
        leads = set(in_order([self.output]))
        named = [node for node in self.named.values() if node in leads and node.operation is NAMED]
        made = made_of(named, [self.output]) - set(named)
        made |= {node for node in named if node.args[0] in made or node.args[0].operation is NAMED}
        return [node for node in named if node not in made and not _is_whole(node.args[0])]


def _is_whole(node: Node) -> bool:
    return node.operation is ARRAY and node.params.array.dtype.kind in "iub"


def read(text: str, name: str, given: Mapping[str, Given], of: str | None = None) -> Program:
    """The forward pass in a text; `name` is what messages call its file. Raises ProgramError."""
    source = Source.of(text, name)
    tree = parse(source)
    if len(tree.body) > MAX_STATEMENTS:
        raise source.error(f"a program comes to at most {MAX_STATEMENTS:,} statements", tree.body[MAX_STATEMENTS])
    is_of_layers = bool(with_both_passes(tree))
    tree.body = in_line(tree.body) if is_of_layers else tree.body
    tree.body = list(training.with_steps(tree.body))
    place = split(tree.body, given, of, is_of_layers=is_of_layers)
    rest, tree.body[place:] = tuple(tree.body[place:]), []
    if rest and calls_def(rest[0]) and holds_gradients(rest[0], tree.body):  # the def is the backward pass
        rest = (*(one for one in tree.body if isinstance(one, ast.FunctionDef)), rest[0])
    if not rest and (defs := backward_defs(tree.body)):
        rest, tree.body = tuple(defs), [one for one in tree.body if one not in defs]
    within: list[ast.stmt] = []
    if not rest and not is_of_layers:
        tree.body, within = split_within(tree.body, of)
        of = loss_named(within) if of is None and within is tree.body else of
    libraries = libraries_of(tree)
    reader = Statements(source, given, library_of(libraries), is_torch="torch" in libraries)
    reader.stored, reader.own_functions = stored(tree), defined(source.text)
    reader.classes = used_classes(tree)
    reader.draws, reader.differentiated = is_of_layers, differentiated(tree) if is_of_layers else frozenset()
    try:
        found = _read(reader, tree, of)
        return replace(found, rest=rest if found.output.shape else rest or tuple(within))
    except RecursionError:
        raise ProgramError(f"{name}, line 1: it is nested too deeply") from None
    except MemoryError:
        raise source.error("this needs more memory than there is", reader.reading) from None
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise source.error(f"this is not understood ({error})", reader.reading) from error


def defined(text: str) -> frozenset[str]:
    """The names of the functions and methods that a text has, anywhere in it."""
    return frozenset(re.findall(r"\bdef\s+(\w+)", text))


def stored(tree: ast.Module) -> dict[str, int]:
    """The first line that assigns each name, anywhere in the file."""
    names = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    return {one.id: one.lineno for one in sorted(names, key=lambda one: -one.lineno)}


def _read(reader: Statements, tree: ast.Module, of: str | None) -> Program:
    reader.block(tree.body)
    value: Any = None
    shown = ""
    layers: tuple[Layer, ...] = ()
    chosen = function_of_pass(reader, of, tree)
    if chosen is not None:
        value, shown = called(reader, chosen)
        reader.main_level, reader.main = 1, reader.left
    elif reader.draws and not computes(reader):
        value, layers = each_alone(reader, [one.name for one in with_both_passes(tree)])
        shown = "loss"
    elif (made := object_of_pass(reader, of)) is not None:
        value, shown = called(reader, *made)
        reader.main_level, reader.main = 1, reader.left
    elif (last := _last_expression(reader, tree)) is not None:
        value = reader.value(last)
        shown = last.id if isinstance(last, ast.Name) else ""
    if of is not None and (chosen is None or chosen.name != of):
        value, shown = _named_value(reader, of), of
    return replace(_program(reader, tree, value, shown), layers=layers or each_applied(reader))


def _last_expression(reader: Statements, tree: ast.Module) -> ast.expr | None:
    """The expression that the file ends with, as a notebook's cell may."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or isinstance(last.value, ast.Constant):
        return None
    passed = isinstance(last.value, ast.Call) and reader.is_passed_over(last.value)
    return None if passed or (reader.value(last.value) is None) else last.value


def _named_value(reader: Statements, of: str) -> Any:
    """What a name came to. Raises UnknownNameError."""
    for one in reversed(reader.assigned):
        if one.name == of:
            return Tensor(one.node)
    if of in reader.inputs:
        return reader.inputs[of]
    from netcalc.catalogue.names import unknown

    names = list(dict.fromkeys(one.name for one in reader.assigned))
    raise unknown("name", of, names, f"the names of {reader.source.name} are {', '.join(names)}")


def _program(reader: Statements, tree: ast.Module, value: Any, shown: str) -> Program:
    main = reader.main_level
    if value is None:
        steps = _made_by_gradients(reader, tree)
        last = _last(reader, main, steps) or _last(reader, None, steps)
        last = _first_of_several(reader, tree, last)
        if last is None and reader.differentiates:
            function, args, keywords = reader.differentiates[-1]
            outcome = reader.call(function, args, keywords, ast.Pass())
            value = outcome[0] if isinstance(outcome, tuple) else outcome
            if node_of(value).rank and (last := _last(reader, main, ())) is not None:  # a Jacobian is what is asked for
                value, shown = Tensor(last.node), last.name
        elif last is None:
            raise reader.source.error_at(NOTHING, tree.body[-1].lineno if tree.body else 1)
        else:
            value, shown = Tensor(last.node), last.name
    output, name = _output(reader, value, shown, tree)
    named, lines = names_of(without_gradients(reader, output), reader.inputs, main)
    if name in named and named[name] is not output and name_of(output) != name:
        named.pop(name)
    if name not in named and output.operation is not INPUT:
        named[name] = output
    again = returned_again(output, named)
    named = {key: again.get(node, node) for key, node in named.items()}
    inputs = {key: one.node for key, one in reader.inputs.items()}
    used = _used_as_numbers(output)
    reader.indices |= {inputs[key] for key in reader.decided if inputs[key] not in used}
    reader.indices |= {one.node for one in reader.assigned if one.kind not in REALS}
    reader.note_cuts(output)
    indices = frozenset(key for key, node in {**named, **inputs}.items() if node in reader.indices)
    if reader.first_step is not None:
        if any(one.name == name and one.node is output for one in reader.assigned[reader.first_step :]):
            raise reader.source.error_at(f"{name} {training.BEHIND}", lines.get(name, 1))
        reader.note(training.note(reader.training))
    _note_decisions(reader, [key for key in reader.decided if key not in indices])
    leaves = frozenset(reader.leaves)
    return Program(reader.source, output, name, inputs, named, lines, indices, leaves, tuple(reader.notes), reader)


def _used_as_numbers(output: Node) -> set[Node]:
    """The nodes that an output is made of, but for those that are indices alone."""
    found, stack = {output}, [output]
    while stack:
        node = stack.pop()
        args = () if node.operation is STOPPED else node.args[:1] if node.operation in (INDEX, SCATTER) else node.args
        stack += [arg for arg in args if arg not in found]
        found.update(args)
    return found


def _note_decisions(reader: Statements, names: Sequence[str]) -> None:
    """Which lines go by the numbers of inputs that have gradients: these hold as long as they go the same way."""
    lines = sorted({line for name in names for line in reader.decided[name]})
    if lines:
        which = f"lines {', '.join(map(str, lines))} go" if len(lines) > 1 else f"line {lines[0]} goes"
        reader.note(f"{which} by the numbers given for {' and '.join(names)}; with others the pass may be another one")


NOTHING = "the program computes nothing: it needs a line such as loss = … or a def that returns it"


def _output(reader: Statements, value: Any, shown: str, tree: ast.Module) -> tuple[Node, str]:
    where = reader.returned if isinstance(reader.returned, ast.AST) else tree.body[-1] if tree.body else None
    if isinstance(value, tuple | list) and value and isinstance(value[0], Tensor):
        if any(isinstance(one, Tensor) for one in value[1:]):
            reader.note(f"of {len(value)} values that are returned this is the first; name another with --of")
        value = value[0]
    if isinstance(value, Missing | Module | Function) or not isinstance(value, Tensor):
        try:
            node = node_of(value)
        except NetcalcError as error:
            raise reader.source.error(
                f"what comes out is no array: {error.message}; name one with --of", where
            ) from None
    else:
        node = value.node
    own = name_of(node)
    if not shown and node.operation is NAMED and own is not None:
        shown = own
    if shown:
        return node, shown
    name = "out" if node.shape else "loss"  # an assignment like others, and not always the first of its name
    return reader.named(name, Tensor(node), getattr(where, "lineno", 1), reader.main_level).node, name


def _made_by_gradients(reader: Statements, tree: ast.Module) -> set[str]:
    """The names of what the file's lines make of gradients that they take themselves."""
    found: set[str] = set()
    for node in tree.body if reader.deriving else ():
        names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        if not reader.deriving.isdisjoint(lines) or any(
            isinstance(one.ctx, ast.Load) and one.id in found for one in names
        ):
            found |= {one.id for one in names if isinstance(one.ctx, ast.Store)}
    return found


def _last(reader: Statements, level: int | None, steps: Collection[str]) -> Assigned | None:
    """The last name that is no gradient of an earlier one, nor a gradient that the program takes, nor a step by one."""
    names = set(reader.inputs)
    found = None
    for one in reader.assigned:
        if level is not None and one.level != level:
            continue
        if not is_gradient(one.name, names) and not (one.node.rank and one.name in steps):
            found = one
        names.add(one.name)
    return found


def _first_of_several(reader: Statements, tree: ast.Module, last: Assigned | None) -> Assigned | None:
    """Of `out, mean, rstd = f(x)`, which the file ends with, what is called an output or a loss; else the last name."""
    match tree.body:
        case [*_, ast.Assign([ast.Tuple([ast.Name(name), *_] as several)], ast.Call())] if last is not None:
            names = {one.id for one in several if isinstance(one, ast.Name)}
            if last.name in names and (re.fullmatch("(?i)out(put)?s?", name) or re.fullmatch(LOSSES, name)):
                return next((one for one in reversed(reader.assigned) if one.name == name), last)
    return last

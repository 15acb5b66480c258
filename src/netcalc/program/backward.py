"""A whole text as a backward pass: which lines are it, and true gradients in the place of those that do not fit."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any

from netcalc.errors import NetcalcError, TooEarlyError
from netcalc.graph.node import Node
from netcalc.program.answers import assigned_in, base, calls_def, holds_gradients, literal_of, names_in
from netcalc.program.both import loss_in
from netcalc.program.chosen import called_in
from netcalc.program.classes import calls_backward
from netcalc.program.frames import Frame
from netcalc.program.gradients import GradientReader
from netcalc.program.reading import Program, defined, stored
from netcalc.program.source import ProgramError, Source, libraries_of, library_of, parse
from netcalc.program.steps import BLOCKS
from netcalc.program.values import Function, Missing, Tensor
from netcalc.program.versions import Gradients, Unjudged, Unread, Version

MAX_READINGS = 60  # each goes on with one more true gradient


def read_gradients(
    source: Source,
    body: list[ast.stmt] | None,
    program: Program,
    known: Collection[str],
    truth: Callable[..., Node | None],
    upstream: Node,
    fits: Callable[[Version], bool],
    held_to: Callable[[str, Node], str | None],
) -> Gradients:
    """The backward pass in a text, or in some of its lines; a gradient that does not fit is the true one later on.

    Raises ProgramError.
    """
    tree = parse(source)
    library = library_of(libraries_of(tree))
    if program.reader is not None and not library:
        library = program.reader.library
    corrected: set[tuple[str, int]] = set()
    for _ in range(MAX_READINGS):
        reader = GradientReader(source, program, library, known, truth, upstream, corrected)
        reader.stored, reader.own_functions, reader.held_to = stored(tree), defined(source.text), held_to
        found = _read(reader, tree.body if body is None else body)
        misfit = next((key for key, one in _finished(found) if key not in corrected and not _goes_on(one, fits)), None)
        if misfit is None:
            return found
        corrected.add(misfit)
    return found


def _goes_on(version: Version, fits: Callable[[Version], bool]) -> bool:
    """Whether later lines go on with what a line gives: it fits, and is no numbers, which hold at one point alone."""
    value = getattr(version.statement, "value", None)
    return fits(version) and not (isinstance(value, ast.expr) and literal_of(value) is not None)


def _finished(found: Gradients) -> Iterator[tuple[tuple[str, int], Version]]:
    """The last version of each gradient, by its name and number."""
    return (((one.name, one.number), one) for one in found.last().values() if one.node is not None)


def _read(reader: GradientReader, body: list[ast.stmt]) -> Gradients:
    try:
        found = _pass(reader, body)
    except RecursionError:
        raise ProgramError(f"{reader.source.name}, line 1: it is nested too deeply") from None
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise reader.source.error(f"this is not understood ({error})", reader.reading) from error
    unread = {id(one): (name, one) for name, one in reader.frame.values.items() if isinstance(one, Unread)}
    for name, one in unread.values():
        if any(one.part is other.part for other in found.unjudged):
            continue
        if not one.used and not isinstance(one.error.__cause__, TooEarlyError):
            found.notes.append(f"passed over: {one.error.message}")
        else:
            found.unjudged.append(Unjudged(name, one.part, one.error))
    found.unjudged += _unknown(reader, body)
    found.unjudged.sort(key=lambda one: (one.part.lineno, one.part.col_offset))
    forward = reader.program.reader
    if forward is not None and reader.library and forward.library and reader.library != forward.library:
        found.notes.append(
            f"{reader.source.name} is written for {reader.library}, {reader.program.source.name} for {forward.library}"
        )
    found.notes[:] = dict.fromkeys(found.notes)
    return found


def _unknown(reader: GradientReader, body: list[ast.stmt]) -> Iterator[Unjudged]:
    """Names that look like gradients, that nothing uses, and whose tensor the forward pass does not have."""
    nodes = [node for one in body for node in ast.walk(one)]
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    statements = [node for node in nodes if isinstance(node, ast.stmt) and not isinstance(node, BLOCKS)]
    told = {one.name for one in reader.read_so_far.unjudged}
    assigned = {name: one for one in statements for name in assigned_in(one)}
    for name, node in assigned.items():
        is_gradient = re.fullmatch(r"d[A-Z]\w*|d_\w+|grad_\w+|\w+_grad|\w+\.grad", name) is not None
        is_known = base(name, reader.known_names) is not None or name in reader.known_names
        if is_gradient and name not in read and not is_known and name not in told:
            said = f"{name} is the gradient of no name in {reader.program.source.name}"
            yield Unjudged(name, node, reader.source.error(said, node))


def _pass(reader: GradientReader, body: list[ast.stmt]) -> Gradients:
    """The lines below the defs, or where they compute nothing the def that no other calls."""
    if reader.program.layers:
        reader.run_layers()
        body = [one for one in body if not calls_backward(one)]
    if not body:
        return reader.read_so_far
    defs = [one for one in body if isinstance(one, ast.FunctionDef)]
    gradients = {name for one in body if not isinstance(one, ast.FunctionDef) for name in assigned_in(one)}
    others = [one for one in body if isinstance(one, ast.Assign)]
    gives_both = any(loss_in(one.targets[0], names_in(body)) is not None for one in others if calls_def(one))
    if not defs or gives_both or any(base(name, reader.known_names) for name in gradients):
        reader.run(body)
        return reader.read_so_far
    held = next((one for one in body if isinstance(one, ast.Assign) and holds_gradients(one, defs)), None)
    for one in body:
        if one is not held:
            reader.outside(one)
    chosen = _chosen(defs)
    reader.top.values.update(_of_own_forward(reader, [one for one in defs if one is not chosen]))
    frame = Frame(reader.top, reader.frame.level + 1, chosen.name)
    frame.values = _arguments(reader, chosen) | (_given(reader, held.value, chosen) if held else {})
    reader.alone = _alone(reader, chosen)
    reader.read_so_far.whole.around = dict(reader.top.values)
    reader.frames.append(frame)
    reader.main_level = frame.level
    reader.run(chosen.body)
    return reader.read_so_far


def _alone(reader: GradientReader, node: ast.FunctionDef) -> dict[str, str]:
    """The one array that a def gives a gradient of which it merely calls grad: its weights, else its first argument."""
    names = [one.arg for one in node.args.args if one.arg in reader.known_names]
    weights = [one for one in names if re.fullmatch(r"(?i)theta|w\w*|beta|params|coef\w*", one)]
    return dict.fromkeys(("grad", "gradient", "grads"), (weights or names)[0]) if names else {}


def _of_own_forward(reader: GradientReader, defs: list[ast.FunctionDef]) -> dict[str, Any]:
    """What a text's own forward pass makes beyond the names of the one it is held to, such as its cache."""
    own = [one for one in defs if "forward" in one.name.lower()]
    called = reader.top.values.get(own[0].name) if len(own) == 1 else None
    if not isinstance(called, Function):
        return {}
    args = own[0].args
    given = {one.arg: reader.lookup(one.arg) for one in (*args.posonlyargs, *args.args, *args.kwonlyargs)}
    known = {name: value for name, value in given.items() if not isinstance(value, Missing)}
    with suppress(NetcalcError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
        reader.call(called, [], known, own[0])  # where it fails, what it has made before stands
    found = reader.left.values if reader.left.name == called.name else {}
    return {
        name: value
        for name, value in found.items()
        if name not in reader.known_names and base(name, reader.known_names) is None and name not in reader.top.values
    }


def _chosen(defs: list[ast.FunctionDef]) -> ast.FunctionDef:
    called = {name for one in defs for name in called_in(one) - {one.name}}
    free = [one for one in defs if one.name not in called] or defs
    likely = [one for one in free if one.name == "backward"] or [one for one in free if "back" in one.name.lower()]
    return (likely or free)[-1]


def _arguments(reader: GradientReader, node: ast.FunctionDef) -> dict[str, Any]:
    """Arguments by name: of the forward pass, the gradient from above, or what holds names, as a cache does."""
    spec = node.args
    positional = [*spec.posonlyargs, *spec.args]
    defaults: dict[str, ast.expr] = {}
    for argument, default in zip(positional[len(positional) - len(spec.defaults) :], spec.defaults, strict=True):
        defaults[argument.arg] = default
    for argument, own in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        if own is not None:
            defaults[argument.arg] = own
    found: dict[str, Any] = {}
    beside = [of for one in positional if (of := base(one.arg, reader.known_names)) is not None]
    for one in (*positional, *spec.kwonlyargs):
        of = base(one.arg, reader.known_names)
        true = None if of is None or one.arg in reader.top.values else reader.true_of(of, beside)
        value = reader.lookup(one.arg) if true is None else Tensor(true)
        if isinstance(value, Missing | Function) and one.arg in defaults:
            value = reader.value(defaults[one.arg])
        if isinstance(value, Missing) and (kept := _returned_with(reader)) is not None:
            value = kept
        found[one.arg] = value
    return found


def _given(reader: GradientReader, call: ast.expr, node: ast.FunctionDef) -> dict[str, Any]:
    """What the line grads = backward(…) calls the def with, by its arguments' names."""
    assert isinstance(call, ast.Call)  # noqa: S101 - see holds_gradients
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    words = {one.arg: one.value for one in call.keywords if one.arg}
    given = dict(zip(names, call.args, strict=False)) | words
    return {name: reader.value(one) for name, one in given.items()}


def _returned_with(reader: GradientReader) -> tuple[Any, ...] | None:
    """The tuple that a forward pass returns behind its output, as in return out, (x, W, z)."""
    forward = reader.program.reader
    match forward.returned if forward is not None else None:
        case ast.Return(ast.Tuple([_, ast.Tuple(kept)])) if all(isinstance(one, ast.Name) for one in kept):
            return tuple(reader.lookup(ast.unparse(one)) for one in kept)
    return None

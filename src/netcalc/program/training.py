"""What stands around a forward pass and is no part of it: training, devices, seeds, plots, progress."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

# Calls that change nothing of the forward pass.
PASSED_OVER = frozenset(
    (
        "print backward zero_grad requires_grad_ retain_grad manual_seed seed set_printoptions set_default_dtype "
        "display draw_dot set_trace synchronize empty_cache info debug warning set_title plot show title "
        "legend xlabel ylabel filterwarnings config update_config clip_grad_norm_ clip_grad_value_ "
        "set_description set_postfix"
    ).split()
)
CLIPS = "clip_grad_value_"
TRAINS = frozenset({"backward", "zero_grad", "step", "clip_grad_norm_", CLIPS})
STEP = "step"  # a method of optimizers and schedules, passed over too
STEPS = "this changes the weights for the next round: leave the loop out; one forward pass is differentiated"
BEHIND = "is made behind a step that changes the weights: name what is differentiated, as in --of loss"
UNREAD = (
    "torch.optim",
    "torch.nn.init",
    "matplotlib",
)  # libraries whose calls are passed over, with all that they are given
MODES = frozenset({"train", "eval"})
PLACED = frozenset({"to", "cuda", "cpu", "float", "double", *MODES})  # a layer that is called so is what comes back


def is_unread(path: str) -> bool:
    """Whether a library's calls are passed over."""
    return path.startswith(UNREAD)


def with_steps(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Lines, what changes weights by gradients behind a backward() as a step, and gradients set to 0 as zero_grad."""
    runs = False
    for node in body:
        called = next((name for name in ("zero_grad", "step") if _is_update(node, runs=runs, steps=name == "step")), "")
        step = ast.Expr(ast.Call(ast.Attribute(ast.Name("weights", ast.Load()), called, ast.Load()), [], []))
        yield ast.fix_missing_locations(ast.copy_location(step, node)) if called else node
        runs = runs or (isinstance(node, ast.Expr) and _last_name(node.value) == "backward")


def _is_update(node: ast.stmt, *, runs: bool, steps: bool) -> bool:
    match node:
        case ast.Assign([ast.Attribute(_, "grad")], ast.Constant(None)):
            return True
        case ast.Expr(ast.Call(ast.Attribute(ast.Attribute(_, "grad"), "zero_"))):
            return True
        case ast.AugAssign(target, _, value) | ast.Assign([target], value):
            is_weight = isinstance(target, ast.Name) or (isinstance(target, ast.Attribute) and target.attr == "data")
            if not (runs and steps and is_weight and _has_gradient(value)):
                return False
            return isinstance(node, ast.AugAssign) or ast.unparse(target) in map(ast.unparse, ast.walk(value))
        case ast.For(orelse=[]) | ast.With() | ast.If(orelse=[]):
            return all(_is_update(one, runs=runs, steps=steps) for one in node.body)
    return False


def clips(node: ast.For) -> list[str]:
    """The gradients of a loop that does nothing but np.clip(dparam, -5, 5, out=dparam)."""
    match node:
        case ast.For(
            ast.Name(name), ast.List(parts) | ast.Tuple(parts), [ast.Expr(ast.Call(called, [first, *_], words))]
        ):
            names = list(map(ast.unparse, parts))
            is_of_gradients = all(re.fullmatch(r"d[A-Z_]?\w+|g_?\w+|\w+_grad", one) for one in names)
            own = {word.arg: ast.unparse(word.value) for word in words}
            if ast.unparse(called).endswith(".clip") and ast.unparse(first) == name == own.get("out"):
                return names if is_of_gradients else []
    return []


def _has_gradient(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "grad" for one in ast.walk(node))


def _last_name(node: ast.expr) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def note(lines: Iterable[int]) -> str:
    """That lines train."""
    *rest, last = map(str, sorted(lines))
    said = f"lines {', '.join(rest)} and {last} train, and are" if rest else f"line {last} trains, and is"
    return f"{said} passed over: the gradients are of the weights as they are given"


def _gone_through(_: Any, iterable: Any, *__: Any, **___: Any) -> Any:
    return iterable


def _range(_: Any, *limits: int, **__: Any) -> range:
    return range(*limits)


_PROGRESS: Mapping[str, Callable[..., Any]] = {"tqdm": _gone_through, "trange": _range}
_NO_DEVICE: Mapping[str, Callable[..., Any]] = {"is_available": lambda _: False, "device_count": lambda _: 0}
OF_MODULES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    **dict.fromkeys(("tqdm", "tqdm.auto", "tqdm.notebook"), _PROGRESS),
    **dict.fromkeys(("torch.cuda", "torch.backends.mps", "torch.mps", "torch.xpu"), _NO_DEVICE),
}

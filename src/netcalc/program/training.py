"""What stands around a forward pass and is no part of it: training, devices, seeds, plots, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

# Calls that change nothing of the forward pass.
PASSED_OVER = frozenset(
    (
        "print backward zero_grad requires_grad_ retain_grad manual_seed seed set_printoptions set_default_dtype "
        "train eval display draw_dot set_trace synchronize empty_cache info debug warning set_title plot show title "
        "legend xlabel ylabel filterwarnings config update_config step clip_grad_norm_ clip_grad_value_ "
        "set_description set_postfix"
    ).split()
)
TRAINS = frozenset({"backward", "zero_grad", "step", "clip_grad_norm_", "clip_grad_value_"})
STEPS = "this changes the weights for the next round: leave the loop out; one forward pass is differentiated"
UNREAD = ("torch.optim", "matplotlib")  # libraries whose calls are passed over, with all that they are given
PLACED = frozenset({"to", "cuda", "cpu", "float", "double", "train", "eval"})  # a layer is the same after these


def is_unread(path: str) -> bool:
    """Whether a library's calls are passed over."""
    return path.startswith(UNREAD)


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

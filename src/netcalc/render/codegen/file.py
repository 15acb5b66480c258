"""A file of code: its functions, what they take and hand on, and the mathematics beside each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePath

from netcalc.graph.leaves import ARRAY, INPUT, NAMED
from netcalc.graph.node import Node, in_order
from netcalc.graph.sizes import settled
from netcalc.graph.ties import with_ties
from netcalc.graph.writing import Writer as Mathematics
from netcalc.notation import to_unicode
from netcalc.problem import listed
from netcalc.records import NamedTuple
from netcalc.render.codegen.emission import WIDTH, Emission, Names, Statement, identifier
from netcalc.render.codegen.language import Language
from netcalc.render.codegen.passes import Passes
from netcalc.render.codegen.terms import Code
from netcalc.render.codegen.torch import Jax, Torch
from netcalc.render.codegen.writer import Writer
from netcalc.version import __version__

LANGUAGES = {"numpy": Language, "torch": Torch, "jax": Jax}
NOTHING: Mapping[Node, str] = {}
MAX_COMMENT = 110  # characters
MAX_PARTS = 60  # names, numbers and operations of a formula beside a line
TAKEN = ("forward", "backward", "cache", "places")


class Body(NamedTuple):
    """What the functions of a file are made of, whatever the language; `plain` are inputs that are numbers."""

    inputs: Sequence[str]
    plain: Sequence[str]
    outputs: Sequence[str]
    upstream: Sequence[str]
    cache: Sequence[str]
    forward: Sequence[str]
    backward: Sequence[str]
    gradients: Sequence[str]
    function: str
    docstring: Sequence[str]


def lines(passes: Passes, name: str) -> Iterator[str]:
    """The file's lines."""
    language = LANGUAGES[name]()
    names = Names([*language.reserved, *TAKEN, *_helper_names(name)])
    body, renamed = _body(passes, language, names)
    functions = FORMS[name](body)
    helpers = language.written_helpers()
    text = "\n\n\n".join([*helpers, *functions])
    yield f'"""{_one_line(passes.title)}: forward and backward pass, derived by netcalc {__version__}."""'
    yield ""
    yield from language.imports(text)
    yield from [""] * bool(renamed)
    yield from [f"# {new} stands for {old}, which is no free name in Python" for new, old in renamed.items()]
    yield from ("", "")
    yield from text.split("\n")


def _helper_names(name: str) -> Sequence[str]:
    from netcalc.render.codegen.spelling import HELPERS

    return list(HELPERS[name])


def _body(passes: Passes, language: Language, names: Names) -> tuple[Body, Mapping[str, str]]:
    function = names.free(identifier(_function_name(passes.title)))
    inputs = {node: names.of_user(name) for name, node in passes.inputs.items()}
    upstream = {node: names.of_user(name) for name, node in passes.upstream.items()}
    language.like = next((language.codes.leaf(inputs[passes.inputs[name]]) for name in passes.gradients), None)
    writer = Writer(language, inputs, names.free)
    gradients = {f"d{name}": node for name, node in passes.gradients.items() if node is not None}
    called = _called(passes.outputs, names)
    inner = {gradient: f"d{called[node]}" for gradient, node in passes.inner.items() if node in called}
    called |= _called(gradients, names, {**inputs, **upstream, **called}, inner)
    mathematics = Mathematics([*passes.outputs.values(), *gradients.values()], called)
    ahead = _statements(writer, passes.outputs, called, Mathematics(list(passes.outputs.values()), called))
    for node, text in upstream.items():
        writer.call(node, text)
    back = _statements(writer, gradients, called, mathematics)
    emission = Emission(names, [*ahead.values(), *back.values()], _Comments(writer, mathematics))
    forward = emission.function(ahead.values(), inputs.values())
    made = emission.names_made()
    backward = emission.function(back.values(), [*inputs.values(), *made])
    returned = []
    for name, node in passes.inputs.items():
        gradient = passes.gradients.get(name)
        if gradient is not None:
            returned.append({**upstream, **inputs, **called}[gradient])
        else:
            zeros = language.zeros_like(writer.pieces[node].code)
            returned.append(emission.text(zeros) if name in passes.gradients else "None")
    body = Body(
        list(inputs.values()),
        [inputs[node] for node in passes.inputs.values() if not node.shape],
        [called[node] for node in passes.outputs.values()],
        list(upstream.values()),
        [name for name in [*inputs.values(), *made] if name in emission.used],
        forward,
        backward,
        returned,
        function,
        _shapes(inputs),
    )
    return body, names.renamed


def _called(
    roots: Mapping[str, Node], names: Names, known: Mapping[Node, str] = NOTHING, own: Mapping[Node, str] = NOTHING
) -> dict[Node, str]:
    """What named nodes are called in the code, by their `own` names or as in the graph, and the roots."""
    texts = {node: label for label, node in roots.items()}
    order = [node for node in in_order(roots.values()) if node not in known]
    texts |= {node: own.get(node, node.params.text) for node in order if node.operation is NAMED}
    last = {texts[node]: node for node in order if node in texts}
    bare = {text: names.of_user(text) for text, node in last.items() if known.get(_core(node)) != text}
    times: Counter[str] = Counter()
    found: dict[Node, str] = {}
    for node in order:
        text = texts.get(node)
        if text is None:
            continue
        if node is last[text] or known.get(_core(node)) == text:
            found[node] = bare.get(text, text)
        else:
            times[text] += 1
            found[node] = names.free(f"{bare.get(text, text)}_{times[text]}")
    return found


def _core(node: Node) -> Node:
    return node.args[0] if node.operation is NAMED else node


def _statements(
    writer: Writer, roots: Mapping[str, Node], called: Mapping[Node, str], mathematics: Mathematics
) -> dict[Node, Statement]:
    """A statement for each named node and each root, in the order of the graph."""
    found: dict[Node, Statement] = {}
    for node in in_order(roots.values()):
        name = called.get(node)
        if name is None or node in writer.named:
            continue
        own = mathematics.shorter(_core(node))
        code = writer.language.as_array(writer.exact(own))
        found[node] = Statement(name, code, _comment(name, _in_words(mathematics, own)))
        writer.call(node, name)
    return found


def _in_words(mathematics: Mathematics, node: Node) -> str:
    """The formula of a node, which holds where entries tie too; none where it would fill pages."""
    whole = with_ties(node)
    return to_unicode(mathematics.formula(whole)) if mathematics.parts(whole) <= MAX_PARTS else ""


def _comment(name: str, formula: str) -> str:
    text = f"{name} = {formula}"
    return text if formula and len(text) <= MAX_COMMENT and "\n" not in text else ""


class _Comments(dict[Code, str]):
    """The mathematics of what gets a name of its own."""

    def __init__(self, writer: Writer, mathematics: Mathematics) -> None:
        super().__init__()
        self._writer = writer
        self._mathematics = mathematics

    def get(self, code: Code, default: str = "") -> str:  # type: ignore[override]
        node = self._writer.nodes.get(code)
        text = "" if node is None or node.operation in (INPUT, ARRAY) else _in_words(self._mathematics, node)
        return text if len(text) <= MAX_COMMENT and "\n" not in text else default


def _function_name(title: str) -> str:
    stem = PurePath(title).stem if title.endswith((".py", ".toml", ".json")) else title
    stem = stem.replace("-", "_").lower()
    return stem if stem.isidentifier() else "expression"


def _one_line(text: str) -> str:
    plain = " ".join(text.replace("\\", "\\\\").replace('"', "'").split())
    return plain if len(plain) <= 40 else plain[:37] + "..."


def _shapes(inputs: Mapping[Node, str]) -> Sequence[str]:
    """Lines of the inputs' shapes."""
    texts = [f"{name} ({_sizes(node)})" for node, name in inputs.items() if node.rank]
    found: list[str] = []
    line = ""
    for text in texts:
        if line and len(line) + len(text) + 2 > WIDTH - 12:
            found.append(f"{line},")
            line = ""
        line = f"{line}, {text}" if line else text
    return [*found, f"{line}."] if line else []


def _sizes(node: Node) -> str:
    return ", ".join(str(settled(one)) for one in node.shape) + "," * (node.rank == 1)


def _folded(
    opening: str, names: Sequence[str], closing: str = "", indent: str = "", line: str | None = None
) -> list[str]:
    """Names in brackets, or in the `line` that needs none; one a line where they are many."""
    line = f"{indent}{opening}({', '.join(names)}){closing}" if line is None else line
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}{opening}(", *(f"{indent}    {one}," for one in names), f"{indent}){closing}"]


def _tuple(names: Sequence[str], start: str, indent: str = "    ") -> list[str]:
    """`return a, b`."""
    text = ", ".join(names) if len(names) > 1 else f"({names[0]},)" if names else "()"
    return _folded(start, names, "", indent, f"{indent}{start}{text}")


def _unpacked(names: Sequence[str], value: str, indent: str = "    ") -> list[str]:
    text = ", ".join(names) if len(names) > 1 else f"({names[0]},)" if names else ""
    return _folded("", names, f" = {value}", indent, f"{indent}{text} = {value}") if names else []


def _returned(names: Sequence[str], indent: str = "    ") -> list[str]:
    if len(names) == 1:
        return [f"{indent}return {names[0]}"]
    return _tuple(names, "return ", indent)


def _indented(body: Sequence[str], indent: str = "    ") -> list[str]:
    return [indent + line if line else "" for line in body]


def _documented(first: str, more: Sequence[str]) -> list[str]:
    return _indented([f'"""{first}"""'] if not more else [f'"""{first}', "", *more, '"""'])


def _numpy(body: Body) -> list[str]:
    return _pair(body, body.outputs, body.upstream, _documented(_of_forward(body), body.docstring), _returned)


def _of_forward(body: Body) -> str:
    return f"{listed(body.outputs)}, and what the backward pass needs."


def _pair(
    body: Body,
    outputs: Sequence[str],
    upstream: Sequence[str],
    docstring: Sequence[str],
    returned: Callable[[Sequence[str]], list[str]],
) -> list[str]:
    """Two functions, of which the first hands a cache to the second."""
    forward = [
        *_folded("def forward", body.inputs, ":"),
        *docstring,
        *_indented(body.forward),
        *_tuple(body.cache, "cache = "),
        f"    return {', '.join(outputs)}, cache",
    ]
    backward = [
        *_folded("def backward", ["cache", *upstream], ":"),
        f'    """The gradient of each input, from {listed(body.upstream)}."""',
        *_unpacked(body.cache, "cache"),
        *(_unpacked(body.upstream, "upstream") if upstream != body.upstream else []),
        *_indented(body.backward),
        *returned(body.gradients),
    ]
    return ["\n".join(forward), "\n".join(backward)]


def _jax(body: Body) -> list[str]:
    main = [
        "@jax.custom_vjp",
        *_folded(f"def {body.function}", body.inputs, ":"),
        *_documented(f"{listed(body.outputs)}.", body.docstring),
        *_folded("return forward", body.inputs, "[0]", "    "),
    ]
    outputs = body.outputs if len(body.outputs) == 1 else [f"({', '.join(body.outputs)})"]
    upstream = ["upstream"] if len(body.upstream) > 1 else body.upstream
    pair = _pair(body, outputs, upstream, _documented(_of_forward(body), ()), partial(_tuple, start="return "))
    return ["\n".join(main), *pair, f"{body.function}.defvjp(forward, backward)"]


def _torch(body: Body) -> list[str]:
    name = "".join(part.capitalize() for part in body.function.split("_")) or "Function"
    deep = "        "
    numbers = [one for one in body.cache if one in body.plain]  # which may be Python's, as a count is
    arrays = [one for one in body.cache if one not in body.plain]
    gradients = [
        f"{gradient} if ctx.needs_input_grad[{place}] else None"
        if name in body.plain and gradient != "None"
        else gradient
        for place, (name, gradient) in enumerate(zip(body.inputs, body.gradients, strict=True))
    ]
    found = [
        f"class {name}(torch.autograd.Function):",
        *_documented(f"{listed(body.outputs)}.", body.docstring),
        "",
        "    @staticmethod",
        *_folded("def forward", ["ctx", *body.inputs], ":", "    "),
        f'{deep}"""{listed(body.outputs)}; what the backward pass needs is saved."""',
        *_indented(body.forward, deep),
        *(f"{deep}ctx.{one} = {one}" for one in numbers),
        *(_folded("ctx.save_for_backward", arrays, "", deep) if arrays else []),
        *_returned(body.outputs, deep),
        "",
        "    @staticmethod",
        "    @once_differentiable",
        *_folded("def backward", ["ctx", *body.upstream], ":", "    "),
        f'{deep}"""The gradient of each input, from {listed(body.upstream)}."""',
        *(f"{deep}{one} = ctx.{one}" for one in numbers),
        *_unpacked(arrays, "ctx.saved_tensors", deep),
        *_indented(body.backward, deep),
        *_returned(gradients, deep),
    ]
    return ["\n".join(found), f"{body.function} = {name}.apply"]


FORMS = {"numpy": _numpy, "torch": _torch, "jax": _jax}

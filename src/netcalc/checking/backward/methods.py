"""The methods of the classes of a file, as another text of the file has them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from netcalc.program.reading import Program
from netcalc.program.source import Source
from netcalc.program.values import Class, Function


@contextmanager
def with_methods(program: Program, source: Source, body: Sequence[ast.stmt]) -> Iterator[None]:
    """Within it the classes of a program have the methods that these statements give them."""
    held = program.reader.top.values if program.reader else {}
    kept: list[tuple[Class, dict[str, object]]] = []
    for one in body:
        own = held.get(one.name) if isinstance(one, ast.ClassDef) else None
        if isinstance(one, ast.ClassDef) and isinstance(own, Class):
            kept.append((own, dict(own.parts)))
            methods = {node.name: node for node in one.body if isinstance(node, ast.FunctionDef)}
            for name, part in kept[-1][1].items():
                if isinstance(part, Function) and name in methods:
                    own.parts[name] = replace(part, node=methods[name], source=source)
    try:
        yield
    finally:
        for own, parts in kept:
            own.parts.update(parts)

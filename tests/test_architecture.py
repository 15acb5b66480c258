"""ARCHITECTURE.md's table is the order of the modules: an import points only up the list."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import transcript

from netcalc.cli import command_modules

SOURCE = transcript.CHECKOUT / "src"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in SOURCE.rglob("*.py")
}
FACES = {"netcalc", "netcalc.__main__"}  # below everything: the package's face, and the command's
HEAVY = {"numpy", "sympy", "flint", "mpmath"}


def places() -> dict[str, int]:
    """Each module or package that the table names, and its row."""
    page = (transcript.CHECKOUT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = page.partition("| `src/netcalc/` |")[2].partition("\n\n")[0]
    first_columns = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    names = [(place, name) for place, column in enumerate(first_columns) for name in re.findall(r"`([\w/.]+)`", column)]
    return {"netcalc." + name.removesuffix(".py").strip("/").replace("/", "."): place for place, name in names}


PLACES = places()


def place(module: str, *, unnamed: int = 0) -> int:
    """The module's row, or that of the nearest package around it."""
    if module in FACES:
        return len(PLACES)
    parts = module.split(".")
    names = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((PLACES[name] for name in names if name in PLACES), unnamed)


@cache
def imports(module: str, *, at_top: bool = False, for_types: bool = True) -> frozenset[str]:
    """The modules that `module` imports: anywhere in it, for types too, or when it is itself imported."""
    found, tree = set[str](), parsed(module)
    for node in run_at_import(tree) if at_top else ast.walk(tree) if for_types else run(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            origin = node.module or ""
            names = {f"{origin}.{alias.name}" for alias in node.names}
            found |= names & MODULES.keys() or {origin}
    return frozenset(found)


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    return run(node, besides=(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))


def run(node: ast.AST, besides: tuple[type[ast.AST], ...] = ()) -> Iterator[ast.AST]:
    """The nodes that are run, sooner or later: not those for type checkers alone."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, besides):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield from run(child, besides)


def test_table_is_read():
    assert PLACES["netcalc.errors"] == 0
    assert PLACES["netcalc.cli"] == PLACES["netcalc.commands"] == max(PLACES.values())


def test_every_module_has_its_place_in_the_table():
    """A module that ARCHITECTURE.md does not name, on its own or within its package, has none."""
    assert {module for module in MODULES.keys() - FACES if place(module, unnamed=-1) < 0} == set()


def test_table_names_what_exists():
    assert PLACES.keys() - MODULES.keys() == set()


def test_no_import_points_down_the_list():
    pairs = [(one, name) for one in MODULES for name in imports(one) if name.partition(".")[0] == "netcalc"]
    assert {name for _, name in pairs} <= MODULES.keys()
    assert [(one, name) for one, name in pairs if place(name) > place(one, unnamed=len(PLACES))] == []


def test_no_imports_go_in_a_circle():
    """Nor do those that wait within functions."""
    TopologicalSorter({one: imports(one, for_types=False) & MODULES.keys() for one in MODULES}).prepare()


@pytest.mark.parametrize("module", ["netcalc.cli", *(f"netcalc.commands.{name}" for name in command_modules())])
def test_command_line_imports_no_mathematics(module):
    """NumPy, SymPy and flint wait until something is computed, however many modules lie between."""
    reached, waiting = set[str](), [module]
    while waiting:
        one = waiting.pop()
        if one in MODULES and one not in reached:
            packages = [one.rsplit(".", n)[0] for n in range(1, one.count(".") + 1)]
            waiting += [*imports(one, at_top=True), *packages]
        reached.add(one)
    assert {name for name in reached if name.partition(".")[0] in HEAVY} == set()


def test_sympy_is_imported_where_it_is_needed():
    """Importing SymPy costs more than a whole run that does without."""
    roots = {one: {name.partition(".")[0] for name in imports(one, at_top=True)} for one in MODULES}
    assert [one for one, names in roots.items() if "sympy" in names] == []


def test_version_stands_in_one_place():
    holders = [path for path in SOURCE.rglob("*.py") if re.search(r"[\"']\d+\.\d+\.\d+[\"']", path.read_text("utf-8"))]
    assert holders == [Path(SOURCE / "netcalc" / "version.py")]


def test_what_is_remembered_is_bounded():
    """`cache` is for functions of nothing; what a process that goes on is asked is remembered as far as `maxsize` says."""
    unbounded = re.compile(r"@(?:functools\.)?(?:cache|lru_cache\((?:maxsize=)?None\))\n *def (\w+)\((?!\))")
    found = {module: unbounded.findall(path.read_text("utf-8")) for module, path in MODULES.items()}
    assert {module: names for module, names in found.items() if names} == {}

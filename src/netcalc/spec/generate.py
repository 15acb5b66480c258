"""Writes what checks a document against its schema, as code: `python -m netcalc.spec.generate`.

Compiling a schema takes as long as reading a net, so it is done here, once, and not in every run.
"""

from __future__ import annotations

from pathlib import Path

from fastjsonschema import compile_to_code

from netcalc.spec.schema import digest, schema

KINDS = ("net",)
EXCEPTIONS = ("JsonSchemaValueException", "JsonSchemaValuesException")


def code(kind: str) -> str:
    """The module that says whether a document is one of a kind; of what is wrong it says little, to stay small.

    What it raises is netcalc's own, so that the library need not be loaded either.
    """
    compiled = compile_to_code(schema(kind), use_default=False, detailed_exceptions=False).partition("\n")[2]
    raised = ", ".join(f"InvalidError as {name}" for name in EXCEPTIONS)
    compiled = compiled.replace(
        f"from fastjsonschema import {', '.join(EXCEPTIONS)}", f"from netcalc.spec.schema import {raised}"
    )
    name = schema(kind)["$id"].replace(":", "_")
    return (
        f'"""Generated from {kind}.schema.json by `python -m netcalc.spec.generate`."""\n\n'
        f'DIGEST = "{digest(kind)}"\n{compiled}\n\nvalidate = validate_{name}\n'
    )


if __name__ == "__main__":
    for each in KINDS:
        Path(__file__).with_name(f"{each}_schema.py").write_text(code(each), encoding="utf-8")

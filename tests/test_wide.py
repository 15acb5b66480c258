"""Tables of very many columns, and very many names: what costs little at once, and is refused at once where nobody means it."""

from __future__ import annotations

import json

import pytest
from effort import calls

import netcalc
from netcalc.cli import main
from netcalc.errors import FileError
from netcalc.render.wrapping import wrapped


def wide(path, columns, name="c{}", begin=""):
    """A header and one row."""
    head = begin and f"{begin},"
    row = begin and "Ada,"
    names = ",".join(name.format(place) for place in range(columns))
    path.write_text(f"{head}{names}\n{row}{','.join(['1'] * columns)}\n", encoding="utf-8")
    return str(path)


def test_columns_that_are_no_variables_cost_next_to_nothing_each(tmp_path, capsys):
    """Fifty thousand of them; the error names the first."""
    path = wide(tmp_path / "x.csv", 50_000)
    assert calls(lambda: main(["grad", "x*y", "--at", path])) < 50_000 * 32
    err = capsys.readouterr().err
    assert (
        err
        == f"error: {path} has no column of a variable: x, y (its columns: "
        + ", ".join([f"c{place}" for place in range(12)])
        + ", …)\n"
    )


def test_columns_that_are_no_answers_cost_no_search_for_a_name_that_is_near(tmp_path):
    """Of a class; those are passed over."""
    neuron = netcalc.neuron(x=[1, 2], w=[3, 4], b=0)
    path = tmp_path / "class.csv"
    path.write_text("student,q," + ",".join(f"c{n}" for n in range(900)) + "\nAda,11" + ",0" * 900 + "\n", "utf-8")
    netcalc.grade(neuron, str(path))
    assert calls(lambda: netcalc.grade(neuron, str(path))) < 900 * 200


def test_a_table_of_a_class_with_a_million_columns_is_refused(tmp_path):
    path = wide(tmp_path / "class.csv", 1_000_000, "a{}", "student")
    with pytest.raises(FileError, match=r"class\.csv has 1,000,001 columns, far more than there are answers"):
        netcalc.grade(netcalc.neuron(x=[1, 2], w=[3, 4], b=0), path)


def test_a_neuron_of_many_inputs_is_answered(tmp_path, capsys):
    path = wide(tmp_path / "x.csv", 50_000)
    assert main(["neuron", "--x", path, "--w", path, "--b", "0", "-a", "identity", "--only", "q", "-f", "csv"]) == 0
    assert capsys.readouterr().out.endswith("50000.0\n")


@pytest.mark.parametrize(
    "terms, growth",
    [
        ("q", 2.2),  # that many times the calls where there are twice as many terms
        ("q^2", 2.2),
    ],
)
def test_a_sum_as_an_activation_costs_its_length(terms, growth):
    def cost(count):
        formula = "+".join([terms] * count)
        return calls(lambda: netcalc.neuron(x=[1], w=[2], b=0, activation=formula))

    cost(10)
    assert cost(600) < growth * cost(300)


@pytest.mark.parametrize("sign, factor, growth", [("*", "x{}", 2.6), ("*", "sin(x{})", 3), ("+", "x{}", 2.4)])
def test_a_long_sum_or_product_costs_its_length(sign, factor, growth):
    """But for the characters of its slopes, which are written without a call each."""

    def cost(count):
        return calls(lambda: netcalc.grad(sign.join(factor.format(place) for place in range(count))))

    cost(10)
    assert cost(100) < growth * cost(50)


def test_a_slope_of_many_factors_is_shown_once(capsys, monkeypatch):
    """It is one product of two long ones; its value is the same formula."""
    monkeypatch.setenv("COLUMNS", "1000")
    names = [f"x{place}" for place in range(40)]
    assert main(["grad", "*".join(f"sin({name})" for name in names)]) == 0
    header, _, _, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["┃", "formula"]
    for name, row in zip(names, rows, strict=True):
        others = [f"sin({other})" for other in names if other != name]
        assert sorted(row.split("│")[1].strip().split("·")) == sorted([*others, f"cos({name})"])


def test_a_thousand_exercises_are_written(capsys):
    assert main(["quiz", "grad", "--count", "1000", "--seed", "2", "-f", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["exercises"]) == 1000


def test_words_longer_than_a_line_are_broken_where_a_formula_may_be():
    text = "attention_scores_of_queries/sum(attention_scores_of_queries, axis=1)"
    assert wrapped(text, 40) == ["attention_scores_of_queries/sum(", "attention_scores_of_queries, axis=1)"]
    assert wrapped(text, 24) == ["attention_scores_of_", "queries/sum(attention_", "scores_of_queries,", "axis=1)"]

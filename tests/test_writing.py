"""What a graph is written as: the forms that courses print, equal in value to what they were written from."""

from __future__ import annotations

import numpy as np
import numpy_trees
import pytest
from test_graph import CASES, Case

from netcalc.graph import build as b
from netcalc.graph.backward import gradients, jacobian
from netcalc.graph.writing import formula
from netcalc.notation import to_ascii


def holds(case, node, **how):
    """Whether the node's formula has its value and its shape."""
    tree = formula(node, **how)
    at = {name: case.values[one] for name, one in case.inputs.items()} | getattr(case, "others", {})
    expected = case.at(node)
    got = np.asarray(numpy_trees.value(tree, at))
    assert got.shape == expected.shape, to_ascii(tree)
    np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10, err_msg=to_ascii(tree))


@pytest.mark.parametrize("name", CASES)
def test_a_formula_has_the_value_of_its_node(name):
    case = Case(name)
    delta = b.given("delta", case.output.shape)
    case.values[delta] = case.draw.normal(size=case.output.shape)
    case.others = {"delta": case.values[delta]}
    holds(case, case.output)
    for gradient in gradients(case.output, case.nodes, delta):
        if gradient is not None:
            holds(case, gradient)
            for second in gradients(gradient, case.nodes):
                if second is not None:
                    holds(case, second)


@pytest.mark.parametrize("name", CASES)
def test_a_jacobian_written_has_its_value(name):
    case = Case(name)
    for whole in jacobian(case.output, case.nodes):
        holds(case, whole)
        holds(case, whole, diagonal=True)

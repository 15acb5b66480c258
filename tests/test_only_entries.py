"""`--only` takes entries by their names."""

import pytest

import netcalc
from netcalc.errors import UnknownNameError


def test_an_entry_of_a_vector_and_of_a_matrix() -> None:
    neuron = netcalc.neuron([-1, -2], [4, -4], -3)
    one = neuron.only("dx0")
    assert one["dx0"].plain() == neuron["dx"].plain()[0]
    assert one.partials == {"x0": neuron.partials["x"][0]}
    assert one.formulas == {"x0": "w0*sigmoid(q)*(1 - sigmoid(q))"}
    layer = netcalc.linear([[1, 2], [3, 4]], [1, 2], delta=[1, -1])
    assert layer.only(["dW[1,0]", "dv"])["dW[1,0]"].plain() == layer["dW"].plain()[1][0]


def test_entries_count_from_where_the_answer_does() -> None:
    neuron = netcalc.neuron([-1, -2], [4, -4], -3, index_from=1)
    assert neuron.only("dx2").partials == {"x2": neuron.partials["x"][1]}


@pytest.mark.parametrize("name", ["dx2", "dx[0,0]", "dx[5]", "q0", "dy0"])
def test_an_entry_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(UnknownNameError, match="the parts are q, f, dx, dw, db"):
        netcalc.neuron([-1, -2], [4, -4], -3).only(name)


def test_an_entry_of_several_expressions_by_its_long_name() -> None:
    jacobian = netcalc.grad("x^2*y", "x+y", at={"x": 1, "y": 2})
    first, second = jacobian.only("df0/dx"), jacobian.only("df1/dx")
    assert [first.partials, second.partials] == [{"x": 4.0}, {"x": 1.0}]
    assert "∂f1/∂x" in str(second)

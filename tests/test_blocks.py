"""The programs to start from: each is read with letters for sizes, and has the gradients that differences give."""

from __future__ import annotations

import re

import numpy as np
import programs_oracle as oracle
import pytest

from netcalc.examples import FOLDER, example, listing, names
from netcalc.graph.sizes import letter
from netcalc.program import Given, read

NUMBERS = {"N": 3, "D": 2, "H": 2, "C": 3, "B": 2, "T": 3, "K": 2, "V": 4, "W": 2}
BLOCKS = [name for name in names() if example(name).startswith('"""')]
CLASSES = {"y", "ix", "mask"}


def shapes(text):
    """The sizes of each input, as the file's own first lines say them."""
    words = re.search(r"--shape (.*)", text)[1].split()
    pairs = [word.partition("=")[::2] for word in words]
    return {name: () if sizes == "number" else tuple(sizes.split(",")) for name, sizes in pairs}


def drawn(name, text):
    draw = np.random.default_rng(1)
    found = {}
    for one, sizes in shapes(text).items():
        shape = tuple(NUMBERS.get(size) or int(size) for size in sizes)
        is_whole = one in CLASSES and name != "logistic"
        found[one] = draw.integers(0, 2, shape) if is_whole else draw.uniform(0.2, 1, shape) * (-1) ** draw.integers(2)
    return found | ({"y": np.array([1.0, 0, 1])} if name == "logistic" else {})


@pytest.mark.parametrize("name", BLOCKS)
def test_block_has_the_gradients_that_differences_give(name):
    text = example(name)
    values = drawn(name, text)
    program, output, found = oracle.answers(text, values)
    if "torch" in text:
        torch = pytest.importorskip("torch")
        torch.set_default_dtype(torch.float64)
        leaves = {key: torch.tensor(one, requires_grad=one.dtype.kind == "f") for key, one in values.items()}
        ran = oracle.run(text, leaves)[program.output_name]
        ran.sum().backward()
        torch.set_default_dtype(torch.float32)
        expected = {key: leaf.grad.numpy() for key, leaf in leaves.items() if leaf.requires_grad}
        ran = ran.detach().numpy()
    else:
        ran = oracle.run(text, values)[program.output_name]
        expected = oracle.differences(text, values, program.output_name)
    np.testing.assert_allclose(output, ran, rtol=1e-10)
    assert expected.keys() <= found.keys()
    for key, one in expected.items():
        np.testing.assert_allclose(found[key], one, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", BLOCKS)
def test_block_is_read_with_letters_for_its_sizes(name):
    text = example(name)
    given = {
        key: Given(tuple(int(one) if one.isdigit() else letter(one) for one in sizes))
        for key, sizes in shapes(text).items()
    }
    assert set(read(text, f"{name}.py", given).inputs) == set(given)


def test_a_net_and_a_program_may_share_a_name():
    assert example("mlp") == (FOLDER / "mlp.toml").read_text("utf-8")
    assert example("mlp.py") == (FOLDER / "mlp.py").read_text("utf-8")


def test_the_list_has_a_line_for_each():
    assert [line.split()[0] for line in listing(200)] == names()
    assert all(len(line.split()) > 3 for line in listing(200))


def test_the_list_keeps_to_the_page():
    folded = listing(60)
    assert max(map(len, folded)) <= 60
    assert [line.split()[0] for line in folded if line[0] != " "] == names()
    assert " ".join(" ".join(folded).split()) == " ".join(" ".join(listing(200)).split())

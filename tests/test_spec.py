"""A net's file: its published schema and its reader agree, and every error names its line."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netcalc
from netcalc import cli
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.catalogue.losses import LOSSES, REDUCTIONS
from netcalc.checking import Tolerance
from netcalc.checking.classes.exercises import checkers
from netcalc.errors import NetcalcError
from netcalc.examples import example, names
from netcalc.models.initial import INITIALS
from netcalc.problem import VECTOR_ACTIVATIONS
from netcalc.spec import read_problem
from netcalc.spec.document import read_document
from netcalc.spec.schema import broken, schema

KEYS = schema("net")["properties"]
LAYER = schema("net")["definitions"]["layer"]["properties"]


NUMBERS = st.one_of(st.integers(-2, 3), st.decimals(-2, 3, places=1), st.sampled_from(["1/3", "w.csv"]))
LOOSE = st.one_of(
    NUMBERS,
    st.booleans(),
    st.sampled_from(["mse", "sum", "he"]),
    st.lists(NUMBERS, max_size=2),
    st.lists(st.lists(st.one_of(NUMBERS, st.booleans()), max_size=2), max_size=2),
    st.dictionaries(st.sampled_from(["W", "x"]), NUMBERS, max_size=1),
)
LOOSE_LAYER = st.dictionaries(st.sampled_from([*LAYER, "size", "w"]), LOOSE, max_size=3)
LOOSE_NETS = st.dictionaries(st.sampled_from([*KEYS, "inputs"]), LOOSE, max_size=3).flatmap(
    lambda keys: st.lists(st.one_of(LOOSE_LAYER, NUMBERS), max_size=2).map(lambda layers: {**keys, "layers": layers})
)


@given(content=st.one_of(LOOSE_NETS, st.dictionaries(st.sampled_from(list(KEYS)), LOOSE, max_size=3)))
def test_a_document_breaks_what_an_independent_validator_says(content):
    """Which rule comes first, and where."""
    found, expected = broken(schema("net"), schema("net"), content), None
    try:
        fastjsonschema.validate(schema("net"), content, use_default=False)
    except fastjsonschema.JsonSchemaValueException as error:
        expected = error.rule, error.path[1:]
    assert (found and (found.rule, list(map(str, found.place)))) == expected


def test_the_schema_names_what_the_catalogues_hold():
    """Names for completion and those that are allowed are the catalogues' own."""
    assert KEYS["loss"]["examples"] == list(LOSSES)
    assert KEYS["reduction"]["enum"] == list(REDUCTIONS)
    assert LAYER["activation"]["examples"] == [*ACTIVATIONS, *VECTOR_ACTIVATIONS]
    assert LAYER["init"]["enum"] == list(INITIALS)


FULL = {
    "input": [[1, 2], [3, 4]],
    "target": [[1], [0]],
    "loss": "mse",
    "reduction": "sum",
    "seed": 3,
    "layers": [
        {"W": [[1, 2], [3, 4]], "b": [1, 2], "activation": "relu", "size": 2},
        {"size": 1, "init": "he", "seed": 4},
    ],
}


OF_CLASSES = {**FULL, "loss": "cross-entropy", "target": [1, 0], "layers": FULL["layers"][:1]}
OF_CROSS_ENTROPY = {"label_smoothing": 0.1, "ignore_index": 0, "weights": [1, 2], "temperature": 2}


@pytest.mark.parametrize("key", [*KEYS, *(f"layers.{key}" for key in LAYER)])
def test_the_reader_reads_every_key_of_the_schema(tmp_path, key):
    """A file with another value there gives another answer."""
    other = {
        "input": [[1, 2], [3, 5]], "target": [[1], [1]], "delta": [[1], [1]], "loss": "mae", "reduction": "mean", "seed": 9,
        "layers": FULL["layers"][:1], "layers.W": [[1, 2], [3, 5]], "layers.b": [1, 3], "layers.activation": "tanh",
        "layers.size": 3, "layers.init": "xavier", "layers.seed": 5, "weight_decay": 0.1, **OF_CROSS_ENTROPY,
    }[key]  # fmt: skip
    full = OF_CLASSES if key in OF_CROSS_ENTROPY else FULL
    changed = json.loads(json.dumps(full))
    if key == "delta":
        changed = {name: thing for name, thing in changed.items() if name not in ("target", "loss", "reduction")}
    if key == "layers":
        changed["target"] = [[1, 2], [1, 2]]
    if key == "seed":
        del changed["layers"][1]["seed"]
    place, _, inner = key.rpartition(".")
    if place:
        changed["layers"][int(inner in ("init", "seed"))][inner] = other
    else:
        changed[key] = other
    assert answer(tmp_path, changed) != answer(tmp_path, full)


def answer(folder, content):
    path = folder / "net.json"
    path.write_text(json.dumps(content))
    try:
        result = netcalc.load(path)
    except NetcalcError as error:
        return str(error)
    return result.forward, result.partials


@pytest.mark.parametrize("key", [*(key for key in KEYS if key != "layers"), *(f"layers.{key}" for key in LAYER)])
def test_a_value_of_another_form_is_refused_with_its_line(tmp_path, key):
    """Nothing that the schema refuses gets as far as the reader, and the message says what would be right."""
    place, _, inner = key.rpartition(".")
    target = f"{inner} = {{ x = 1 }}"
    path = tmp_path / "net.toml"
    lines = [target] if not place else ["input = [1, 2]", "", "[[layers]]", target]
    rest = [] if place else ["[[layers]]", "W = [[1, 2]]"]
    path.write_text("\n".join([*lines, *rest]))
    described = (LAYER if place else KEYS)[inner]["description"]
    with pytest.raises(NetcalcError) as error:
        netcalc.load(path)
    assert (
        error.value.message == f"{path}, line {len(lines)}: {inner}{' of layer 1' * bool(place)} should be {described}"
    )


NETS = [name for name in names() if not example(name).startswith('"""')]


@pytest.mark.parametrize("name", NETS)
def test_examples_are_files_of_the_schema(tmp_path, name):
    """Each example runs, and is certified."""
    path = tmp_path / f"{name}.toml"
    path.write_text(example(name))
    assert netcalc.load(path).certainty.startswith("certified: ")


TOML = """# a comment
input = [
  1,  # one
  2,
]
loss = "mse"

# layers

[[layers]]
W = [[1, 2]]

[[layers]]
W = [[1]]
activation = "relu"
"""


@pytest.mark.parametrize(
    "place, line",
    [
        (["input"], 2),
        (["loss"], 6),
        (["layers", 0, "W"], 11),
        (["layers", 1], 13),
        (["layers", 1, "activation"], 15),
        (["layers", 1, "missing"], 13),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_key_has_its_line(tmp_path, place, line, ending):
    path = tmp_path / "net.toml"
    path.write_bytes(TOML.replace("\n", ending).encode())
    assert read_document(str(path)).where(place) == f"{path}, line {line}"


def test_a_key_of_json_has_its_line(tmp_path):
    path = tmp_path / "net.json"
    path.write_text(
        '{"input": [1, 2],\n "layers": [\n  {"W": [[1, {"a": "]"}]]},\n  {"b":\n 1, "activation": "relu"}]}'
    )
    document = read_document(str(path))
    for place, line in (
        (["input"], 1),
        (["layers", 0, "W"], 3),
        (["layers", 1, "b"], 4),
        (["layers", 1, "activation"], 5),
    ):
        assert document.where(place) == f"{path}, line {line}"


def test_numbers_are_read_exactly(tmp_path):
    """One tenth is one tenth, and what is in quotes is an expression."""
    path = tmp_path / "net.toml"
    path.write_text('input = [0.1, "1/3"]\ndelta = [1]\nlayers = [{W = [[10, 3e0]]}]')
    assert netcalc.load(path, digits=30).forward["z1"] == ["2"]


def test_files_are_found_beside_the_spec(tmp_path):
    """Names of files are relative to the file that names them, .npy, .npz and .csv alike."""
    np = pytest.importorskip("numpy")
    folder = tmp_path / "nets"
    folder.mkdir()
    np.save(folder / "x.npy", np.array([[1.0, 2.0]]))
    np.savez(folder / "all.npz", W=np.array([[1.0, 3.0]]), b=np.array([1.0]))
    (folder / "t.csv").write_text("0.5\n")
    path = folder / "net.toml"
    path.write_text('input = "x.npy"\ntarget = "t.csv"\nloss = "mse"\nlayers = [{W = "all.npz:W", b = "all.npz:b"}]')
    assert netcalc.load(path).forward["z1"] == [[8.0]]


def test_files_with_decimal_commas_are_read(tmp_path, monkeypatch, capsys):
    """As spreadsheets of many countries write them, where that is asked for; else it is said what to ask for."""
    monkeypatch.chdir(tmp_path)
    Path("W.csv").write_text("1,5;2\n3;4,25\n", encoding="utf-8")
    Path("net.toml").write_text('input = [1, 0.5]\nlayers = [{W = "W.csv"}]', encoding="utf-8")
    assert netcalc.load("net.toml", decimal=",").forward["z1"] == [2.5, 5.125]
    assert cli.main(["net", "net.toml", "--decimal", ",", "--only", "z1", "-f", "csv"]) == 0
    assert capsys.readouterr().out == "2.5,5.125\n"
    assert cli.main(["net", "net.toml"]) == 2
    assert "'1,5' has a decimal comma; --decimal , reads it" in capsys.readouterr().err
    with pytest.raises(NetcalcError, match=r"decimal is \. or , and not ';'"):
        netcalc.load("net.toml", decimal=";")


def test_safetensors_are_read_by_name(tmp_path):
    """bfloat16 too, the upper half of float32; and a file without the end that its header promises is refused."""
    tensors = {
        "fc.weight": {"dtype": "BF16", "shape": [1, 2], "data_offsets": [0, 4]},
        "fc.bias": {"dtype": "F64", "shape": [1], "data_offsets": [4, 12]},
        "mask": {"dtype": "BOOL", "shape": [1], "data_offsets": [12, 13]},
        "cut": {"dtype": "F64", "shape": [1], "data_offsets": [12, 20]},
    }
    header = json.dumps(tensors).encode()
    numbers = struct.pack("<2f", 1.0, 3.0)
    raw = numbers[2:4] + numbers[6:8] + struct.pack("<d?", 1.0, True)
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + raw)
    path = tmp_path / "net.toml"
    layer = '[{W = "m.safetensors:fc.weight", b = "m.safetensors:%s"}]'
    path.write_text(f"input = [1, 2]\nlayers = {layer % 'fc.bias'}")
    assert netcalc.load(path).forward["z1"] == [8.0]
    for name, said in {
        "mask": "numbers that NumPy has",
        "cut": "cut short",
        "none": "no 'none'; it holds fc.w",
    }.items():
        path.write_text(f"input = [1, 2]\nlayers = {layer % name}")
        with pytest.raises(NetcalcError, match=said):
            netcalc.load(path)


NEURON, GRAD = "[neuron]\nw = [3, 4]\n", '[grad]\nexpressions = "x*y"\n'


@pytest.mark.parametrize(
    "text, line, said",
    [
        (f"x = [1, 2]\n{NEURON}", 1, "'x' stands beside [neuron]"),
        (f"{NEURON}{GRAD}", 3, "'grad' stands beside [neuron]"),
        (f"{NEURON}x = []", 3, "x: it should be a number"),
        (f"{NEURON}x = [[1, 2], 3]", 3, "x: it should be a number"),
        (f"{NEURON}x = [1, [2]]", 3, "x: it should be a number"),
        (f"{NEURON}x = true", 3, "x: it should be a number"),
        (f"{NEURON}x = 2020-01-01", 3, "x: it should be a number"),
        (f"{NEURON}x = [1]", 1, "one weight an input"),
        (f'{NEURON}target = 1\nloss = "mse"\ndelta = 3', 1, "give one or the other"),
        (f'{NEURON}target = 1\nloss = "msee"', 1, "did you mean 'mse'?"),
        (f'{NEURON}activation = "softmax"', 3, "softmax takes a whole layer"),
        ('[linear]\nmatrix = [[1]]\nbias = "no"', 3, "bias is true or false"),
        (f"{GRAD}wrt = [1]", 3, "wrt is a text in quotes, or a list of them"),
        (f'{GRAD}order = "2"', 3, "order is a whole number from 1"),
        (f"{GRAD}order = 0", 3, "order is a whole number from 1"),
        (f"{GRAD}at = 3", 3, "at is a table of numbers"),
        (f"{GRAD}at = {{ x = [] }}", 3, "x: it should be a number"),
        ("[grad]\nexpressions = [1]", 2, "expressions is a text in quotes"),
        ('[grad]\nexpressions = "x*"', 1, "the expression ends after '*'"),
    ],
)
def test_a_table_of_flags_says_what_is_wrong_and_where(tmp_path, text, line, said):
    """Nothing that stands in the file is passed over."""
    path = tmp_path / "problem.toml"
    path.write_text(text)
    with pytest.raises(NetcalcError, match=rf"problem.toml, line {line}: .*{re.escape(said)}"):
        read_problem(str(path))


@pytest.mark.parametrize("name, text", [("a.toml", "seed = {}"), ("a.json", '{{"seed": {}}}')])
def test_a_whole_number_of_thousands_of_digits_is_refused(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text.format("1" * 5000))
    with pytest.raises(NetcalcError, match="a whole number is too long"):
        read_problem(str(path))


@pytest.mark.parametrize("exercises", [[], {}, [1], [{}], [{"problem": "neuron"}], [{"problem": 3}]])
def test_a_quiz_without_problems_is_refused(tmp_path, exercises):
    path = tmp_path / "quiz.json"
    path.write_text(json.dumps({"exercises": exercises}))
    with pytest.raises(NetcalcError, match="the exercises of a quiz have a problem each"):
        checkers(str(path), Tolerance())


@pytest.mark.parametrize(
    "text, line",
    [
        (".".join(["a"] * 60) + " = 1\n", 1),
        ("x = 1\n[" + ".".join(['"a b"'] * 60) + "]\n", 2),
        ("x = 1\n\ny = {" + " . ".join(["'a'"] * 60) + " = 1}\n", 3),
    ],
)
def test_keys_of_many_parts_are_refused_before_they_are_read(tmp_path, text, line):
    """What reads TOML takes the square of their number."""
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(
        NetcalcError, match=rf"a.toml, line {line}: a key of more than 50 parts; no table here is nested so deeply$"
    ):
        read_document(str(tmp_path / "a.toml"))


def test_text_with_many_dots_is_no_key(tmp_path):
    (tmp_path / "a.toml").write_text("# " + "." * 500 + '\na = "' + "0.5 " * 500 + '"\nb = [' + "0.5, " * 500 + "]\n")
    assert len(read_document(str(tmp_path / "a.toml")).content["b"]) == 500

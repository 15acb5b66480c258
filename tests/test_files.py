"""Files of numbers: every layout reads to the same numbers, and what is wrong is named with its place."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc
from netcalc.arrays import each
from netcalc.errors import FileError
from netcalc.expression import Number
from netcalc.files import npy, table, text
from netcalc.files.cells import EXACT_LIMIT, exact_up_to
from netcalc.files.read import read_tensor
from netcalc.files.source import StandardInput, open_source
from netcalc.files.table import read_rows
from netcalc.files.write import write_atomically, write_npz
from netcalc.values import to_float64

TABLE = [[1, -2], [3, 4]]
CONTENTS = {
    "plain.csv": "1,-2\n3,4\n",
    "no-newline.csv": "1,-2\n3,4",
    "windows.csv": "1,-2\r\n3,4\r\n",
    "header.csv": "a,b\n1,-2\n3,4\n",
    "quoted.csv": '"first, one","b"\n"1","-2"\n"3",4\n',
    "comments.csv": "# two rows\n\n1,-2 # the first\n\n   \n3,4\n# end\n",
    "spaces.csv": " 1 , -2\n 3,4 \n",
    "tabs.tsv": "1\t-2\n3\t4\n",
    "tabs-header.tsv": "a\tb\n1\t-2\n3\t4\n",
    "words.txt": "1 -2\n3   4\n",
    "semicolons.csv": "1;-2\n3;4\n",
    "minus.csv": "1,\u22122\n3,4\n",
    "exponents.csv": "1e0,-0.2E1\n+3.,4\n",
    "fractions.csv": "2/2,-2\n3,8/2\n",
    "formulas.csv": "sqrt(1),-2\n3,2^2\n",
    "lists.json": "[[1, -2], [3.0, 4e0]]",
    "general.mtx": "%%MatrixMarket matrix array real general\n% columns\n2 2\n1\n3\n-2\n4\n",
    "sparse.mtx": "%%MatrixMarket matrix coordinate real general\n2 2 4\n1 1 1\n2 2 4\n1 2 -2\n2 1 3\n",
}


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def numbers(array):
    """The exact numbers of a tensor, as nested lists."""
    if array.dtype != object:
        return array.tolist()
    return each(lambda tree: tree.value if isinstance(tree, Number) else tree, array).tolist()


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("packed", [False, True], ids=["", "gzip"])
def test_every_layout_reads_to_the_same_numbers(name, packed, here):
    content = CONTENTS[name].encode()
    (here / name).write_bytes(gzip.compress(content) if packed else content)
    if "formulas" in name:
        assert read_tensor(name).array.shape == (2, 2)
        return
    assert numbers(read_tensor(name).array) == TABLE


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_number(encoding, here):
    """As spreadsheets write, with a header too."""
    for content in ("1,-2\n3,4\n", "a,b\n1,-2\n3,4\n"):
        (here / "marked.csv").write_bytes(content.encode(encoding))
        assert numbers(read_tensor("marked.csv").array) == TABLE


def test_a_header_keeps_its_names_and_a_constant_is_no_header(here):
    (here / "a.csv").write_text("x0,x1\n1,2\n")
    (here / "b.csv").write_text("pi,e\n1,2\n")
    assert read_tensor("a.csv").header == ("x0", "x1")
    assert read_tensor("b.csv").array.shape == (2, 2)


def test_decimal_commas_are_read_where_they_are_announced(here):
    """As spreadsheets write in half of Europe; without the announcement the message says how."""
    (here / "euro.csv").write_text("a;b\n1,5;-2\n3;4,25\n")
    assert numbers(read_tensor("euro.csv", decimal=",").array) == [[Fraction("1.5"), -2], [3, Fraction("4.25")]]
    with pytest.raises(FileError, match=r"line 2, column 1: '1,5' has a decimal comma; --decimal , reads it"):
        read_tensor("euro.csv")


numerals = st.builds(
    lambda whole, places: str(whole) if not places else f"{whole}.{places}",
    st.integers(-(10**6), 10**6),
    st.text("0123456789", max_size=6),
)


@st.composite
def tables(draw):
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    return draw(st.lists(st.lists(numerals, min_size=columns, max_size=columns), min_size=rows, max_size=rows))


@given(
    tables(),
    st.sampled_from([",", ";", "\t", " "]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([".", ","]),
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_exactly(tmp_path_factory, table, delimiter, header, marked, newline, decimal):
    """Any table in any dialect: the very numbers that were written."""
    if decimal == "," and delimiter == ",":
        delimiter = ";"
    path = tmp_path_factory.mktemp("dialect") / "table.csv"
    lines = [delimiter.join(cell.replace(".", decimal) for cell in row) for row in table]
    if header:
        lines.insert(0, delimiter.join(f"x{column}" for column in range(len(table[0]))))
    path.write_bytes((newline.join(lines) + newline).encode("utf-8-sig" if marked else "utf-8"))
    assert numbers(read_tensor(str(path), decimal=decimal).array) == [[Fraction(cell) for cell in row] for row in table]


def test_few_numbers_are_exact_and_many_are_the_nearest_float64(here):
    """On either side of the limit; a tenth is a tenth, or the float64 nearest to it."""
    for rows in (EXACT_LIMIT // 4, EXACT_LIMIT // 4 + 1):
        (here / "tenths.csv").write_text("0.1,0.2,1e-3,7\n" * rows)
        array = read_tensor("tenths.csv").array
        assert array.shape == (rows, 4)
        expected = Number(Fraction(1, 10)) if rows == EXACT_LIMIT // 4 else 0.1
        assert array[0, 0] == array[-1, 0] == expected


@pytest.mark.parametrize("polars", [True, False])
def test_many_numbers_are_what_python_reads(polars, here, monkeypatch):
    """Each the float64 nearest to its text, by either reader; comments and bad rows among them."""
    if polars and text.load_polars() is None:
        pytest.skip("Polars is not installed")
    monkeypatch.setattr(text, "POLARS_BYTES", 0 if polars else 1 << 60)
    monkeypatch.setattr(text, "POLARS_BLOCK", 0)
    draw = np.random.default_rng(3)
    rows = (draw.standard_normal((1900, 7)) * 10.0 ** draw.integers(-30, 30, (1900, 7))).tolist()
    lines = [",".join(repr(cell) for cell in row) for row in rows]
    (here / "many.csv").write_text("\n".join([lines[0], "# a comment", "", *lines[1:]]) + "\n")
    with exact_up_to(len(rows)):
        assert read_tensor("many.csv").array.tolist() == rows
    lines[700] = "1,2,3,oops,5,6,7"
    (here / "many.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(FileError, match=r"many.csv, line 701, column 4: 'oops' is no number"):
        read_tensor("many.csv")
    lines[700] = "1,2,3"
    (here / "many.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(FileError, match=r"line 701: 3 columns, where line 1 has 7"):
        read_tensor("many.csv")


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "uint8", "bool"])
def test_arrays_of_numpy_by_any_real_type(dtype):
    array = np.array([[1, 0], [1, 1]]).astype(dtype)
    np.save("a.npy", array)
    np.save("f.npy", np.asfortranarray(array))
    for name in ("a.npy", "f.npy"):
        assert read_tensor(name).array.tolist() == array.astype(float).tolist()


def test_arrays_of_numpy_of_any_order_and_version():
    with open("b.npy", "wb") as file:  # noqa: PTH123  # as NumPy takes it
        np.lib.format.write_array(file, np.arange(6, dtype=">i2").reshape(2, 3, order="F"), version=(2, 0))
    assert read_tensor("b.npy").array.tolist() == [[0, 2, 4], [1, 3, 5]]


def test_rows_of_a_file_of_numpy_come_by_the_block(monkeypatch):
    """In either order, from a file or a pipe."""
    monkeypatch.setattr(table, "ARRAY_BLOCK", 64)
    array = np.arange(60.0).reshape(20, 3)
    np.save("c.npy", array)
    np.save("f.npy", np.asfortranarray(array))
    with open("c.npy", "rb") as file:  # noqa: PTH123  # as standard input is
        streams = [read_rows(name, columns=3, few=1) for name in ("c.npy", "f.npy")]
        streams.append(read_rows("-", columns=3, few=1, stdin=StandardInput(file)))
        for stream in streams:
            with stream:
                blocks = [block.rows for block in stream]
            assert len(blocks) == 10
            assert np.concatenate(blocks).tolist() == array.tolist()


def test_an_array_whose_file_is_cut_short_is_refused(monkeypatch):
    """Before it is opened, while it is read, and between two blocks of its rows."""
    monkeypatch.setattr(table, "ARRAY_BLOCK", 1 << 16)
    np.save("a.npy", np.ones((4000, 8)))
    whole = Path("a.npy").read_bytes()
    with open("a.npy", "rb") as file:  # noqa: PTH123  # as they are opened
        opened = npy.NpyFile.open("a.npy", file, len(whole))
        os.truncate("a.npy", 20_000)
        with pytest.raises(FileError, match=r"^a.npy became shorter while it was read$"):
            opened.array()
    with pytest.raises(FileError, match=r"^a.npy: the file is cut short$"):
        read_tensor("a.npy")
    Path("a.npy").write_bytes(whole)
    with read_rows("a.npy", columns=8, few=1) as stream:
        next(stream.blocks)
        os.truncate("a.npy", 200_000)
        with pytest.raises(FileError, match="became shorter"):
            list(stream)
    with pytest.raises(FileError, match=r"^standard input: the file is cut short$"):
        read_tensor("-", stdin=StandardInput(io.BytesIO(whole[:-1])))


DESCRIPTIONS = ["<f8", ">f4", "|b1", "<i8", ">u2", "<f2", "<f16", "<c16", "|O", "<U3", "|V8", "<M8[s]", "f8", "<f9"]
ODD = [None, 3, "f8", [("a", "<f8")], [("a", "<f8", (2,))], {}, (), True, -1, 2.5, float("nan"), "1", (1,), 10**30]
LENGTHS = st.integers(-2, 4) | st.sampled_from([2**31, 2**63, 10**40, True, 2.0, "2", None])
SHAPES = st.lists(st.integers(1, 2), max_size=3).map(tuple)
RIGHT = {"descr": st.sampled_from(DESCRIPTIONS), "fortran_order": st.booleans(), "shape": SHAPES}
ANY = {
    "descr": st.sampled_from(DESCRIPTIONS + ODD),
    "fortran_order": st.booleans() | st.sampled_from(ODD),
    "shape": SHAPES | st.lists(LENGTHS, max_size=40).map(tuple) | st.sampled_from(ODD),
    "extra": st.just(1),
}
HEADERS = st.fixed_dictionaries(RIGHT).map(repr) | st.fixed_dictionaries({}, optional=ANY).map(repr)


@settings(max_examples=150)
@given(
    header=HEADERS
    | st.text(max_size=60)
    | st.sampled_from(["(" * 3000, "{" * 150, "-" * 5000 + "1", "9" * 6000, "\0"]),
    version=st.sampled_from([b"\1\0"] * 6 + [b"\2\0", b"\3\0", b"\4\0", b"\1\1", b"\0\0"]),
    length=st.none() | st.none() | st.integers(0, 2**16 - 1),
    data=st.binary(min_size=64, max_size=64),
)
def test_a_header_of_any_kind_is_read_as_numpy_reads_it_or_refused(header, version, length, data):
    """Never an exception of another kind, nor memory for what a header says and the file hasn't."""
    text = header.encode("latin-1", "replace") + b"\n"
    said = min(len(text), 2**16 - 1) if length is None else length
    count = said.to_bytes(2 if version[0] < 2 else 4, "little")
    file = io.BytesIO(npy.NPY_MAGIC + version + count + text + data)
    size = len(file.getvalue())
    try:
        found = npy.NpyFile.open("a.npy", file, size).array()
    except FileError:
        return
    file.seek(0)
    assert found.nbytes <= 8 * size
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(found, np.load(file, allow_pickle=False).astype(float))


def test_archives_by_name():
    """The one array of an archive needs no name; what was written is read back."""
    tensors = {"W": np.eye(2), "file": np.arange(3.0)}
    with write_atomically("two.npz", "wb") as file:
        write_npz(file, tensors)
    assert read_tensor("two.npz:file").array.tolist() == [0, 1, 2]
    with np.load("two.npz") as archive:
        assert {name: archive[name].tolist() for name in archive} == {"W": [[1, 0], [0, 1]], "file": [0, 1, 2]}
    np.savez("one.npz", W=np.eye(2))
    assert read_tensor("one.npz").array.tolist() == [[1, 0], [0, 1]]
    with pytest.raises(FileError, match=r"two.npz holds W, file; say which, as in two.npz:W"):
        read_tensor("two.npz")


def test_a_number_alone_in_json_is_a_number(here):
    (here / "c.json").write_text("0.5\n")
    assert read_tensor("c.json").array.shape == ()


@pytest.mark.parametrize("text", ["[{}]", '{{"x": {}}}', "{}"])
@pytest.mark.parametrize("digits", [401, 4_300, 4_301])
def test_a_whole_number_of_json_is_refused_by_its_size_however_long(here, text, digits):
    (here / "a.json").write_text(text.format("9" * digits), "utf-8")
    with pytest.raises(FileError, match=r"a\.json"):
        read_tensor("a.json")


def test_an_answer_in_json_is_read_by_the_names_it_has(here):
    answer = {"given": {"W": [[1]]}, "forward": {"u": [2.5]}, "partials": {"v": [7, 8]}, "notes": [], "b": 3}
    (here / "answer.json").write_text(json.dumps(answer))
    for name, found in {"u": [2.5], "v": [7, 8], "dv": [7, 8], "partials.v": [7, 8], "W": [[1]], "b": 3}.items():
        assert numbers(read_tensor(f"answer.json:{name}").array) == found
    with pytest.raises(FileError, match=r"it holds given.W, forward.u, partials.v, b"):
        read_tensor("answer.json:x")


WRONG = {
    "empty.csv": ("", "empty.csv is empty"),
    "comments.csv": ("# nothing\n\n", "comments.csv is empty"),
    "header.csv": ("a,b\n", "holds a header and no numbers"),
    "ragged.csv": ("1,2\n3\n", "line 2: 1 column, where line 1 has 2"),
    "long.csv": ("1,2\n3,4,5\n", "line 2: 3 columns, where line 1 has 2"),
    "hole.csv": ("1,2\n3,\n", "line 2, column 2: the cell is empty"),
    "word.csv": ("1,2\n3,x1\n", "line 2, column 2: 'x1' is no number"),
    "date.csv": ("1,2020-11-25\n", "line 1, column 2: '2020-11-25' is no number"),
    "nan.csv": ("1,2\nnan,4\n", "line 2, column 1: 'nan' is not a finite number"),
    "infinite.csv": ("1,2\n3,-Infinity\n", "line 2, column 2: '-Infinity' is not a finite number"),
    "missing.csv": ("1,2\nNA,4\n", "line 2, column 1: 'NA' is no number"),
    "code.csv": ("1,__import__('os')\n", "line 1, column 2"),
    "zero.csv": ("1,1/0\n", "line 1, column 2: '1/0' divides by zero"),
    "binary.csv": ("1,\0\n", "binary.csv is no text"),
    "cut.json": ("[[1, 2], [3,", "cut.json, line 1, column 13"),
    "ragged.json": ("[[1, 2], [3]]", "element [1]: the lists are not all of one length"),
    "text.json": ('[[1, 2], [3, "x"]]', "element [1,1]: 'x' is no number"),
    "nothing.json": ("[]", "nothing.json is empty"),
    "deep.json": ("[" * 5000 + "]" * 5000, "nested too deeply"),
    "outside.mtx": ("%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 5\n", "line 3: there is no row 0"),
    "few.mtx": ("%%MatrixMarket matrix array real general\n2 2\n1\n2\n", "has 2 entries, where its size, 2 2, means 4"),
    "complex.mtx": ("%%MatrixMarket matrix array complex general\n1 1\n1 2\n", "line 1: only real matrices"),
    "oblong.mtx": (
        "%%MatrixMarket matrix coordinate real symmetric\n2 3 1\n1 1 5\n",
        "line 2: 2 × 3 is not square, and a symmetric matrix is",
    ),
    "bare.mtx": ("2 2 1\n1 1 5\n", "does not begin as a Matrix Market file does"),
    "sizeless.mtx": ("%%MatrixMarket matrix array real general\n", "the size is missing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_place(name, here):
    content, message = WRONG[name]
    (here / name).write_text(content)
    with pytest.raises(FileError) as caught:
        read_tensor(name)
    assert caught.value.message.startswith(name)
    assert message in caught.value.message


def test_arrays_that_are_no_real_numbers_are_refused(here):
    np.save("pickled.npy", np.array([{1: 2}], dtype=object), allow_pickle=True)
    np.save("complex.npy", np.eye(2) * 1j)
    np.save("nothing.npy", np.zeros((0, 3)))
    np.save("nan.npy", np.array([[1, np.nan]]))
    np.save("huge.npy", np.eye(2))
    whole = (here / "huge.npy").read_bytes()
    (here / "cut.npy").write_bytes(whole[:-8])
    (here / "other.npz").write_bytes(b"PK\x03\x04 no archive")
    (here / "sheet.csv").write_bytes(b"PK\x03\x04 no archive")
    messages = {
        "pickled.npy": "pickled Python objects, which are never loaded",
        "complex.npy": "holds complex128, not real numbers",
        "nothing.npy": "is empty: its shape is (0, 3)",
        "nan.npy": "element [0,1] is nan, not a finite number",
        "cut.npy": "the file is cut short",
        "other.npz": "is no .npz file",
        "sheet.csv": "is a zip archive (a spreadsheet?)",
    }
    for name, message in messages.items():
        with pytest.raises(FileError) as caught:
            read_tensor(name)
        assert message in caught.value.message


def test_damaged_archives_and_headers_are_refused(here):
    """Each told as what it is, none read as far as it seems to go, nothing allocated that is not there."""

    def header(shape):
        with io.BytesIO() as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
            return file.getvalue() + bytes(80)

    np.savez_compressed("whole.npz", W=np.random.default_rng(0).random((50, 50)))
    whole = (here / "whole.npz").read_bytes()
    (here / "damaged.npz").write_bytes(whole[:200] + b"\xff" * 60 + whole[260:])
    (here / "late.npz").write_bytes(whole[:9000] + b"\xff" * 60 + whole[9060:])
    (here / "cut.npz").write_bytes(whole[:3000])
    for name, content in (("huge.npz", ("W.npy", header((10**12,)))), ("text.npz", ("W.txt", "hello"))):
        with zipfile.ZipFile(here / name, "w") as archive:
            archive.writestr(*content)
    (here / "huge.npy").write_bytes(header((10**12,)))
    (here / "minus.npy").write_bytes(header((-5,)))
    (here / "words.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + b"{" * 0x76)
    for name, message in {
        "damaged.npz": "damaged.npz is no .npz file, or a damaged one",
        "late.npz": "late.npz is no .npz file, or a damaged one",
        "cut.npz": "cut.npz is no .npz file, or a damaged one",
        "huge.npz": "huge.npz:W: the file is cut short",
        "text.npz": "text.npz holds no array",
        "huge.npy": "huge.npy: the file is cut short",
        "minus.npy": "minus.npy is empty",
        "words.npy": "words.npy: it is no .npy file, or a damaged one",
    }.items():
        with pytest.raises(FileError) as caught:
            read_tensor(name)
        assert caught.value.message.startswith(message)
    with pytest.raises(FileError, match=r"^text.npz holds no array$"):
        netcalc.check(netcalc.neuron(x=[1], w=[1], b=1), ["text.npz"])


def test_gzip_that_is_cut_or_damaged_is_refused(here):
    whole = gzip.compress(b"1,2\n3,4\n" * 100)
    (here / "cut.csv.gz").write_bytes(whole[:-10])
    (here / "damaged.csv.gz").write_bytes(whole[:12] + b"\xff\xff\xff" + whole[15:])
    with pytest.raises(FileError, match=r"cut short"):
        read_tensor("cut.csv.gz")
    with pytest.raises(FileError, match=r"damaged"):
        read_tensor("damaged.csv.gz")


def test_a_file_that_shrinks_while_it_is_read_is_refused(here):
    """Rows that were there when it was opened are missed."""
    path = here / "log.csv"
    path.write_text("1,2\n" * 200_000)
    source = open_source("log.csv", "--matrix", StandardInput())
    chunks = source.chunks(4096)
    next(chunks)
    path.write_text("")
    with pytest.raises(FileError, match=r"log.csv became shorter while it was read: 4096 of 800000 bytes"):
        list(chunks)
    source.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission_is_refused(here):
    (here / "secret.csv").write_text("1,2\n")
    (here / "secret.csv").chmod(0)
    with pytest.raises(FileError, match=r"secret.csv: permission denied"):
        read_tensor("secret.csv")


def test_standard_input_serves_one():
    """The second to ask is told who was first."""
    stdin = StandardInput(io.BytesIO(b"1,2\n3,4\n"))
    assert numbers(read_tensor("-", "--matrix", stdin=stdin).array) == [[1, 2], [3, 4]]
    with pytest.raises(FileError, match=r"'-' is given for --matrix and --v"):
        read_tensor("-", "--v", stdin=stdin)


@pytest.mark.parametrize("kind", ["npy", "csv", "gzip", "json"])
def test_standard_input_may_be_of_any_kind(kind):
    buffer = io.BytesIO()
    np.save(buffer, np.array(TABLE, dtype=float))
    plain = CONTENTS["header.csv"].encode()
    content = {"npy": buffer.getvalue(), "csv": plain, "gzip": gzip.compress(plain), "json": b"[[1,-2],[3,4]]"}[kind]
    found = read_tensor("-", stdin=StandardInput(io.BytesIO(content))).array
    assert numbers(found) == TABLE


def test_a_run_that_fails_leaves_the_old_file(here):
    """And nothing beside it."""
    (here / "answer.csv").write_text("old\n")
    with contextlib.suppress(RuntimeError), write_atomically("answer.csv") as file:
        file.write("new\n")
        raise RuntimeError
    assert (here / "answer.csv").read_text() == "old\n"
    assert [path.name for path in here.iterdir()] == ["answer.csv"]


@pytest.mark.parametrize("symmetry", ["general", "symmetric"])
@pytest.mark.parametrize("size", [3, 500], ids=["exact", "float64"])
def test_entries_of_one_place_in_a_matrix_market_file_are_summed(tmp_path, symmetry, size):
    """As SciPy reads them."""
    entries = "2 1 0.5\n1 1 1\n2 1 0.25\n3 3 -2\n2 1 1\n1 1 -1\n"
    banner = f"%%MatrixMarket matrix coordinate real {symmetry}\n{size} {size} 6\n"
    (tmp_path / "a.mtx").write_text(banner + entries, encoding="utf-8")
    expected = np.zeros((size, size))
    expected[1, 0], expected[2, 2] = 1.75, -2
    expected[0, 1] = 1.75 if symmetry == "symmetric" else 0
    array = read_tensor(str(tmp_path / "a.mtx")).array
    assert array.dtype == (object if size == 3 else float)
    assert to_float64(array).tolist() == expected.tolist()


@pytest.mark.parametrize(
    "decimal, text, number",
    [
        (".", "1.0D+00", "1"),
        (".", "-2.5d-1", "-0.25"),
        (".", ".5D0", "0.5"),
        (",", "1,5D+01", "15"),
        (",", "1.234,5", "1234.5"),
        (",", "-12.345.678,25", "-12345678.25"),
        (",", "1.234.567", "1234567"),
        (",", "1\u00a0234,5", "1234.5"),
        (".", "1\u202f234\u202f567", "1234567"),
        (".", "1'234.5", "1234.5"),
        (".", "1,234,567.5", "1234567.5"),
        (".", "1e399", "1e399"),
    ],
)
def test_numbers_as_programs_and_offices_write_them(here, decimal, text, number):
    """Exactly, in any delimiter that leaves the cell whole."""
    (here / "t.csv").write_text(f"{text};2\n{text};3\n", encoding="utf-8")
    assert [row[0] for row in numbers(read_tensor("t.csv", decimal=decimal).array)] == [Fraction(number)] * 2


@pytest.mark.parametrize(
    "decimal, text, message",
    [
        (".", "(1.5)", r"'\(1.5\)' is -1.5 to an accountant, 1.5 to others"),
        (",", "1.234", r"'1.234' has a point, where the decimal sign is ',': write 1234 or 1,234"),
        (".", "1,234", r"'1,234' has a decimal comma; --decimal , reads it"),
        (".", "1e400", r"'1e400': a number must be below 1e400"),
        (".", "#N/A", r"'#N/A' is no number"),
        (".", "12'34", r"is no number"),
        (".", "1.5-", r"is no number"),
        (".", "$1.5", r"is no number"),
        (".", "1_000", r"is no number"),
    ],
)
def test_what_could_be_two_numbers_is_none(here, decimal, text, message):
    """Never another number than was meant."""
    (here / "t.csv").write_text(f"2;3\n{text};2\n", encoding="utf-8")
    with pytest.raises(FileError, match=message):
        read_tensor("t.csv", decimal=decimal)


@pytest.mark.parametrize("text", ["sep=;\n1;2\n3;4\n", '"sep=,"\r\n1,2\r\n3,4\r\n', "1,2\r3,4\r", "1,2,\n3,4,\n"])
def test_tables_as_spreadsheets_leave_them(here, text):
    """The delimiter in a line of its own, carriage returns alone, delimiters at the end of lines."""
    (here / "t.csv").write_bytes(text.encode())
    assert numbers(read_tensor("t.csv").array) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("cell", ['2\r"3"', '"' + "1" * 200_000 + '"'])
def test_quoted_cells_that_are_none_are_no_numbers(here, cell):
    """A carriage return within a line beside quotes, a quoted cell of more than the reader's limit."""
    (here / "t.csv").write_bytes(f"x,y\n{cell},1\n".encode())
    with pytest.raises(FileError, match=r"t\.csv, line 2, column 1: .* is no number"):
        read_tensor("t.csv")


@pytest.mark.parametrize("copies", [1, 3000])
@pytest.mark.parametrize("header", ["note,x,y,", "note;x;y", "note\tx\ty"])
def test_columns_of_no_use_may_hold_any_text(here, header, copies):
    """And those of use are read as ever, be they few or many."""
    delimiter = header[4]
    rows = "".join(delimiter.join([note, "1", "2"]) + "\n" for note in ("", "ä b", '"5, 6; 7"'))
    (here / "t.csv").write_text(f"{header}\n{rows * copies}", encoding="utf-8")
    with read_rows("t.csv", columns=None, few=10, use=lambda names: [names.index("x"), names.index("y")]) as found:
        blocks = [block.rows[:, 1:] for block in found]
    assert np.array_equal(np.concatenate([to_float64(rows) for rows in blocks]), [[1, 2]] * (3 * copies))


def test_a_row_too_long_is_told_though_the_columns_of_use_read(here):
    """A decimal comma in a column of no use would shift those of use."""
    (here / "t.csv").write_text("x,note,y\n" + "1,a,2\n" * 2000 + "1,a,2,2\n")
    with (
        pytest.raises(FileError, match="line 2002: 4 columns, where line 1 has 3"),
        read_rows("t.csv", columns=None, few=10, use=lambda _: [0, 2]) as found,
    ):
        list(found)


def test_a_pipe_that_goes_on_and_on_is_refused(monkeypatch):
    """Not read until no memory is left."""
    monkeypatch.setattr("netcalc.files.stream.DENSE_LIMIT", 300_000)
    pipe = io.BytesIO(b"1,2\n" * 2_000_000)
    with pytest.raises(FileError, match=r"goes on beyond 300,000 numbers; save so many as \.npy"):
        read_tensor("-", stdin=StandardInput(pipe))
    assert pipe.closed or pipe.tell() < 8_000_000


@pytest.mark.parametrize("ending", ["", "\n2\n"])
def test_a_line_that_is_longer_than_any_row_is_refused_early(here, monkeypatch, ending):
    """By its bytes, whatever stands in it, and with its number."""
    monkeypatch.setattr("netcalc.files.decode.LONGEST_LINE_BYTES", 1 << 20)
    (here / "long.csv").write_text("x\n1\n" + "1" * (3 << 20) + ending)
    with pytest.raises(FileError, match=r"^long.csv, line [23]: it has more than 1 MB, and no row is so long$"):
        read_tensor("long.csv")


def test_a_line_as_long_as_a_row_may_be_is_read(here, monkeypatch):
    monkeypatch.setattr("netcalc.files.decode.LONGEST_LINE_BYTES", 1 << 20)
    (here / "wide.csv").write_text(",".join(["1"] * 200_000))
    assert read_tensor("wide.csv").shape == (1, 200_000)


@pytest.mark.parametrize(
    "shape, columns, fits",
    [
        ((3,), 3, True),
        ((9, 3), 3, True),
        ((3, 1), 3, True),
        ((4,), 3, False),
        ((9, 4), 3, False),
        ((9, 9, 3), 3, False),
    ],
)
def test_a_large_array_that_does_not_fit_is_refused_before_it_is_unpacked(here, monkeypatch, shape, columns, fits):
    monkeypatch.setattr("netcalc.files.read.LARGE", 1)
    np.savez(here / "a.npz", W=np.ones(shape))
    if fits:
        assert read_tensor("a.npz", columns=columns).shape == shape
        return
    monkeypatch.setattr("netcalc.files.npy.NpyFile.array", None)
    with pytest.raises(FileError, match=r"^a.npz holds an array of [\d × ]+ numbers, and rows of 3 are needed$"):
        read_tensor("a.npz", columns=columns)

"""Rows that stream: the same answers however they come, in order, at once, and what goes wrong told by its line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
import transcript
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc
from netcalc import cli
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.errors import ShapeError
from netcalc.files import parts, rows, text
from netcalc.rows.blocks import NeuronRows

NEURON = ["neuron", "--w", "4", "-4", "--b", "-3"]
STREAM = [*NEURON, "--x", "-", "-f", "csv"]


@pytest.fixture
def run(tmp_path, monkeypatch, capfdbinary):
    """A command in a folder of its own: its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        status = cli.main([str(word) for word in words])
        out, err = capfdbinary.readouterr()
        return status, out.decode(), err.decode()

    return run


def process(words, home, **settings):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    settings = pipes | {"env": transcript.environment(home)} | settings
    return subprocess.Popen([sys.executable, "-m", "netcalc", *words], **settings)


def table(output, delimiter=","):
    header, *lines = output.splitlines()
    return header.split(delimiter), np.array([[float(cell) for cell in line.split(delimiter)] for line in lines])


def many(count, columns=2, seed=0):
    """Numbers of a few digits, with exponents here and there."""
    x = np.random.default_rng(seed).standard_normal((count, columns)).round(3)
    x[::7] *= 1e-5
    return x


def save(path, x):
    path.write_text("".join(",".join(map(repr, row)) + "\n" for row in x.tolist()), encoding="utf-8")
    return path


# --- the same answers, however they come -------------------------------------------------------------------------------


def test_few_rows_are_certified_as_if_they_were_typed(run, tmp_path):
    """0.1 is a tenth, and each value is the float64 nearest to the true one."""
    (tmp_path / "x.csv").write_text("a,b\n0.1,1/3\n-1,sqrt(2)\n7,1e-9\n", encoding="utf-8")
    streamed = run(*NEURON, "--x", "x.csv", "-f", "csv")
    typed = run(*NEURON, "--x", "0.1,1/3; -1,sqrt(2); 7,1e-9", "-f", "csv")
    assert streamed == typed
    whole = json.loads(run(*NEURON, "--x", "x.csv", "-f", "json")[1])
    names, values = table(streamed[1])
    assert names == ["q", "f", "dx0", "dx1", "dw0", "dw1", "db"]
    assert values[:, 2:4].tolist() == whole["partials"]["x"]
    assert values[:, 1].tolist() == whole["forward"]["f"]


def test_rows_and_formats_agree_to_the_last_that_is_certified(run, tmp_path):
    """Few rows say what the whole does; many, in float64 by the block, within what rounding their sums does to them."""
    few = NeuronRows(np.zeros(2), np.zeros(1), netcalc.activation("sigmoid")).few
    for count in (few, few + 1):
        save(tmp_path / "x.csv", many(count))
        whole = json.loads(run(*NEURON, "--x", "x.csv", "-f", "json")[1])
        rows = table(run(*NEURON, "--x", "x.csv", "-f", "csv")[1])[1][:, 1]
        near = 0 if count == few else 1e-14
        np.testing.assert_allclose(rows, whole["forward"]["f"], rtol=near, atol=0)


def test_many_rows_are_what_each_row_alone_is(run, tmp_path):
    """In float64, within a few units in the last place of the certified answer."""
    x = many(6000)
    save(tmp_path / "x.csv", x)
    _, values = table(run(*NEURON, "--x", "x.csv", "-f", "csv")[1])
    assert len(values) == len(x)
    for place in (0, 1, 2999, 5999):
        alone = netcalc.neuron(x=x[place], w=[4, -4], b=-3)
        expected = [
            alone.forward["q"],
            alone.forward["f"],
            *alone.partials["x"],
            *alone.partials["w"],
            alone.partials["b"],
        ]
        assert values[place] == pytest.approx(expected, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("format_name, read", [("csv", ","), ("tsv", "\t"), ("jsonl", None)])
def test_formats_say_the_same(run, tmp_path, format_name, read):
    save(tmp_path / "x.csv", many(5000))
    names, values = table(run(*NEURON, "--x", "x.csv", "-f", "csv")[1])
    output = run(*NEURON, "--x", "x.csv", "-f", format_name)[1]
    if read is None:
        assert [list(json.loads(line).values()) for line in output.splitlines()] == values.tolist()
        assert list(json.loads(output.splitlines()[0])) == names
    else:
        assert table(output, read)[1].tolist() == values.tolist()


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.json", "x.tsv", "x.csv.gz", "x.txt"])
def test_any_file_of_rows_streams(run, tmp_path, name):
    """The same answers from each; JSON is read as a whole, which is certified: its last digits are."""
    import gzip

    x = many(4500)
    expected = run(*NEURON, "--x", save(tmp_path / "x.csv", x), "-f", "csv")
    content = (tmp_path / "x.csv").read_bytes()
    if name == "x.npy":
        np.save(tmp_path / name, x)
    elif name == "x.npz":
        np.savez(tmp_path / name, x=x)
    elif name == "x.json":
        (tmp_path / name).write_text(json.dumps(x.tolist()), encoding="utf-8")
    elif name == "x.csv.gz":
        (tmp_path / name).write_bytes(gzip.compress(content))
    else:
        (tmp_path / name).write_bytes(content.replace(b",", b"\t" if name == "x.tsv" else b" "))
    if name != "x.json":
        assert run(*NEURON, "--x", name, "-f", "csv") == expected
        return
    (names, whole), (columns, rows) = table(run(*NEURON, "--x", name, "-f", "csv")[1]), table(expected[1])
    assert names == columns
    np.testing.assert_allclose(rows, whole, rtol=1e-14, atol=0)


def test_without_polars_the_text_is_the_same(run, tmp_path, monkeypatch):
    """Every digit and every letter, by either reader and writer."""
    pytest.importorskip("polars", reason="polars is not installed")
    save(tmp_path / "x.csv", many(20_000))
    monkeypatch.setattr(rows, "POLARS_VALUES", 0)
    monkeypatch.setattr(text, "POLARS_BYTES", 0)
    monkeypatch.setattr(text, "POLARS_BLOCK", 0)
    for format_name in rows.DELIMITERS:
        fast = run(*NEURON, "--x", "x.csv", "-f", format_name)
        with monkeypatch.context() as patch:
            patch.setattr(text, "load_polars", lambda: None)
            assert run(*NEURON, "--x", "x.csv", "-f", format_name) == fast


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
@settings(max_examples=300, deadline=None)
def test_a_number_is_written_alike_and_reads_back(values):
    """By Polars and by Python, any float64 there is."""
    block = np.array([values])
    writer = rows.RowWriter([str(n) for n in range(len(values))], "csv")
    written = writer.rows(block).decode()
    assert [float(cell) for cell in written.split(",")] == values
    assert written == writer.row(values) + "\n"
    polars = pytest.importorskip("polars", reason="polars is not installed")
    assert writer._by_polars(polars, block).decode() == written


def test_a_number_that_is_not_finite():
    """`inf` in delimited text, null in JSON, which has no word for it."""
    block = np.array([[np.inf, -np.inf, 1.0]])
    assert rows.RowWriter("abc", "csv").rows(block) == b"inf,-inf,1.0\n"
    assert rows.RowWriter("abc", "jsonl").rows(block) == b'{"a":null,"b":null,"c":1.0}\n'


@pytest.mark.parametrize("header", ["", "a,b\n", '"a","b"\n'])
@pytest.mark.parametrize("count", [5, 5000])
def test_quoted_decimal_commas_between_commas(run, tmp_path, header, count):
    """As spreadsheets write them where the comma is both."""
    x = many(count)
    lines = "".join(",".join(f'"{one!r}"'.replace(".", ",") for one in row) + "\n" for row in x.tolist())
    (tmp_path / "quoted.csv").write_text(header + lines, encoding="utf-8")
    expected = table(run(*NEURON, "--x", save(tmp_path / "x.csv", x), "-f", "csv")[1])[1]
    status, out, err = run(*NEURON, "--x", "quoted.csv", "-f", "csv", "--decimal", ",")
    assert (status, err) == (0, "")
    assert table(out)[1] == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_rows_with_a_symbol_are_formulas_that_stream(home):
    """The first of them are out before the last are in, and say what the whole's do."""
    one = process(["neuron", "--w", "4", "-4", "--x", "-", "-f", "csv", "--only", "q", "db"], home)
    rows = [b"%d,2\n" % number for number in range(40)]
    one.stdin.writelines(rows[:20])
    one.stdin.flush()
    first = [one.stdout.readline() for _ in range(21)]
    rest, err = one.communicate(b"".join(rows[20:]), timeout=60)
    answers = [line.decode() for line in first] + rest.decode().splitlines(keepends=True)
    assert (one.returncode, err, len(answers), answers[0]) == (0, b"", 41, "q,db\n")
    assert answers[1:4] == [
        f"b - {8 - 4 * n},sigmoid(b - {8 - 4 * n})*(1 - sigmoid(b - {8 - 4 * n}))\n"
        if n < 2
        else "b,sigmoid(b)*(1 - sigmoid(b))\n"
        for n in range(3)
    ]


# --- what comes from above ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [40, 5000])
def test_a_target_or_a_delta_a_row(run, tmp_path, count):
    """Each row takes its own, or all take one."""
    x, t = many(count), many(count, 1, seed=1)
    save(tmp_path / "x.csv", x)
    save(tmp_path / "t.csv", t)
    names, values = table(run(*NEURON, "--x", "x.csv", "--target", "t.csv", "--loss", "half-mse", "-f", "csv")[1])
    assert names[2] == "loss"
    f, loss, db = values[:, 1], values[:, 2], values[:, -1]
    assert loss == pytest.approx((f - t[:, 0]) ** 2 / 2, abs=1e-15)
    assert db == pytest.approx((f - t[:, 0]) * f * (1 - f), abs=1e-15)
    _, one = table(run(*NEURON, "--x", "x.csv", "--delta", "2", "-f", "csv")[1])
    assert one[:, -1] == pytest.approx(2 * f * (1 - f), abs=1e-15)


def test_too_few_targets_are_told(run, tmp_path):
    save(tmp_path / "x.csv", many(5000))
    save(tmp_path / "t.csv", many(10, 1))
    status, _, err = run(*NEURON, "--x", "x.csv", "--target", "t.csv", "--loss", "mse", "-f", "csv")
    assert (status, err) == (2, "error: target has 10 numbers, and x has more rows\n")


@pytest.mark.parametrize("words", [["--delta"], ["--loss", "mse", "--target"]], ids=["delta", "target"])
@pytest.mark.parametrize("count", [2, 5000])
def test_more_given_from_above_than_there_are_rows_is_told(run, tmp_path, words, count):
    """Before anything is written where the rows are few, at the end of many; never left out without a word."""
    save(tmp_path / "x.csv", many(count))
    save(tmp_path / "t.csv", many(count + 1, 1))
    status, out, err = run(*NEURON, "--x", "x.csv", *words, "t.csv", "-f", "csv")
    name = words[-1][2:]
    assert (status, err) == (2, f"error: {name} has {count + 1} numbers; it needs 1, or {count}: one a sample\n")
    assert out == "" or count > 2
    np.save(tmp_path / "x.npy", many(count))
    assert run(*NEURON, "--x", "x.npy", *words, "t.csv", "-f", "csv") == (2, "", err)


# --- the kernel for a block --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_block_is_what_the_rows_alone_are(name):
    """Every activation, in the order in which the columns are named."""
    x = many(5, 3)
    block = netcalc.neuron_block(x, [1, "1/2", -0.25], 0.5, name, target=0.5, loss="mse")
    assert netcalc.neuron_columns(3, loss=True) == (
        "q",
        "f",
        "loss",
        *(f"d{v}{i}" for v in "xw" for i in range(3)),
        "db",
    )
    for sample, row in zip(x, block, strict=True):
        alone = netcalc.neuron(x=sample, w=[1, "1/2", -0.25], b=0.5, activation=name, target=[0.5], loss="mse")
        parts = alone.forward | alone.partials
        expected = [parts["q"], parts["f"], parts["loss"], *parts["x"], *parts["w"], parts["b"]]
        assert row == pytest.approx(expected, rel=1e-13, abs=1e-14)


def test_block_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match="x has 3 numbers and w has 2"):
        netcalc.neuron_block(np.ones((4, 3)), [1, 2], 0)


# --- rows that do not read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [30, 9000], ids=["few", "many"])
@pytest.mark.parametrize("bad", ["1,x", "1,2,3", "1", "nan,1", "1e999,0", "\xff,1", "\0,1", "1,2\x003"])
def test_a_bad_row_stops_with_its_line_and_the_rows_before_it_written(run, tmp_path, count, bad):
    x = save(tmp_path / "x.csv", many(count))
    whole = run(*NEURON, "--x", x, "-f", "csv")[1].splitlines()
    lines = x.read_bytes().splitlines()
    place = count - 3
    x.write_bytes(b"\n".join([*lines[:place], bad.encode("latin-1"), *lines[place:]]))
    status, out, err = run(*NEURON, "--x", "x.csv", "-f", "csv")
    assert status == 2
    assert err.startswith(f"error: x.csv, line {place + 1}")
    assert out.splitlines() == whole[: place + 1]


@pytest.mark.parametrize("count", [30, 9000], ids=["few", "many"])
def test_bad_rows_are_left_out_and_kept(run, tmp_path, count):
    """The others are answered in order, the count is on stderr, and the status is 1."""
    x = save(tmp_path / "x.csv", many(count))
    whole = run(*NEURON, "--x", x, "-f", "csv")[1]
    lines = x.read_text(encoding="utf-8").splitlines()
    for place in (count - 1, count // 2, 0):
        lines.insert(place, f"{place},bad")
    x.write_text("a,b\n" + "\n".join(lines) + "\n", encoding="utf-8")
    status, out, err = run(*NEURON, "--x", "x.csv", "-f", "csv", "--on-error", "skip")
    assert (status, out) == (1, whole)
    assert err.startswith(
        "error: 3 rows do not read; they are left out, and kept in x.bad.csv; the first: x.csv, line 2"
    )
    kept = (tmp_path / "x.bad.csv").read_text(encoding="utf-8").splitlines()
    assert kept[1::2] == ["0,bad", f"{count // 2},bad", f"{count - 1},bad"]
    assert all(line.startswith("# x.csv, line ") for line in kept[::2])


def test_the_rows_that_were_kept_read_once_they_are_mended(run, tmp_path):
    """What is wrong with a row stands above it as a comment."""
    (tmp_path / "x.csv").write_text("1,2\n3,four\n5,6\n", encoding="utf-8")
    run(*NEURON, "--x", "x.csv", "-f", "csv", "--on-error", "skip", "--bad-rows", "kept.csv")
    kept = tmp_path / "kept.csv"
    kept.write_text(kept.read_text(encoding="utf-8").replace("four\n", "4\n7,8\n"), encoding="utf-8")
    status, out, _ = run(*NEURON, "--x", "kept.csv", "-f", "csv")
    assert (status, len(out.splitlines())) == (0, 3)


def test_no_bad_row_no_file(run, tmp_path):
    save(tmp_path / "x.csv", many(5))
    assert run(*NEURON, "--x", "x.csv", "-f", "csv", "--on-error", "skip")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


def test_nothing_but_bad_rows(run, tmp_path):
    """An empty table, and the count."""
    (tmp_path / "x.csv").write_text("a,b\n1,x\n2,y\n", encoding="utf-8")
    status, out, err = run(*NEURON, "--x", "x.csv", "-f", "csv", "--on-error", "skip")
    assert (status, out) == (1, "q,f,dx0,dx1,dw0,dw1,db\n")
    assert err.startswith("error: 2 rows")


def test_rows_of_an_array_that_are_not_finite(run, tmp_path):
    """They have no line, but a number."""
    x = many(5000)
    x[4000, 1] = np.nan
    np.save(tmp_path / "x.npy", x)
    status, out, err = run(*NEURON, "--x", "x.npy", "-f", "csv")
    assert (status, err, len(out.splitlines())) == (
        2,
        "error: x.npy: element [4000,1] is nan, not a finite number\n",
        4001,
    )
    status, out, err = run(*NEURON, "--x", "x.npy", "-f", "csv", "--on-error", "skip")
    assert (status, len(out.splitlines())) == (1, 5000)
    assert "row 4000" in err


@pytest.mark.parametrize("count", [10, 5000])
def test_a_row_without_an_answer_stops_the_run(run, tmp_path, count):
    """log(q) where q is negative: after the rows before it."""
    save(tmp_path / "x.csv", np.linspace(1, 2, count)[:, None] * [1, 1])
    with (tmp_path / "x.csv").open("a", encoding="utf-8") as file:
        file.write("-5,1\n1,1\n")
    status, out, err = run("neuron", "--w", 1, 1, "--b", 0, "-a", "log(q)", "--x", "x.csv", "-f", "csv")
    assert (status, len(out.splitlines())) == (2, count + 1)
    assert err.startswith(f"error: x.csv, line {count + 1}: f is undefined")


@pytest.mark.parametrize("count", [10, 5000])
def test_a_row_beyond_float64(run, tmp_path, count):
    """Certified digits, whether the rows are few or many."""
    save(tmp_path / "x.csv", np.ones((count, 2)))
    with (tmp_path / "x.csv").open("a", encoding="utf-8") as file:
        file.write("999,1\n")
    status, out, err = run("neuron", "--w", 1, 1, "--b", 0, "-a", "exp", "--x", "x.csv", "-f", "csv", "--only", "f")
    assert (status, err, out.splitlines()[1:]) == (0, "", ["7.38905609893065"] * count + ["1.97007e434"])


@pytest.mark.parametrize("count", [10, 5000])
@pytest.mark.parametrize("name", ["x.csv", "x.npy"])
def test_rows_without_an_answer_are_left_out_and_kept(run, tmp_path, count, name):
    """Wherever they stand, comments and empty lines and rows that do not read between them."""
    good = (1 + np.arange(count)[:, None] / 8192) * [1, 1]
    asked = ["neuron", "--w", 1, 1, "--b", 0, "-a", "log(q)", "--only", "f", "-f", "csv"]
    expected = run(*asked, "--x", save(tmp_path / "good.csv", good))[1]
    if name == "x.npy":
        np.save(tmp_path / name, np.insert(good, [0, 3, count], [-5, 1], axis=0))
        numbers, unread = [0, 4, count + 2], []
    else:
        lines = (tmp_path / "good.csv").read_text(encoding="utf-8").splitlines()
        lines[3:3] = ["# a comment", "", "-5.0,1.0", "x,1"]
        (tmp_path / name).write_text("\n".join(["-5.0,1.0", *lines, "-5.0,1.0"]), encoding="utf-8")
        numbers, unread = [1, 7, count + 6], ["x,1"]
    status, out, err = run(*asked, "--x", name, "--on-error", "skip")
    assert (status, out) == (1, expected)
    assert err.startswith(f"error: {3 + len(unread)} rows have no answer; they are left out, and kept in x.bad.csv")
    kept = (tmp_path / "x.bad.csv").read_text(encoding="utf-8").splitlines()
    assert sorted(kept[1::2]) == ["-5.0,1.0"] * 3 + unread
    told = [int(line.split(":")[0].split()[-1]) for line in kept[::2] if "f is undefined" in line]
    assert told == numbers


@pytest.mark.parametrize("count", [10, 5000])
def test_rows_at_a_kink_are_counted(run, tmp_path, count):
    """Once for all of them, at the end; few rows exactly, so that 0.1 + 0.2 is 0.3, and near is not at."""
    (tmp_path / "x.csv").write_text("1,2\n" * count + "1,1\n0,0\n0.5,0.5\n0.5,0.50001\n", encoding="utf-8")
    asked = ["neuron", "--w", 4, -4, "--b", 0, "--x", "x.csv", "-f", "csv", "--only", "db"]
    status, out, err = run(*asked, "-a", "relu")
    assert (status, len(out.splitlines())) == (0, count + 5)
    assert err == "note: 3 rows are at a kink of relu, where its slope is taken as 0, as PyTorch does\n"
    assert run(*asked, "-a", "sigmoid")[2] == ""
    assert run(*asked[:5], 1, *asked[6:], "-a", "relu6")[2] == ""
    if count == 10:
        (tmp_path / "x.csv").write_text("0.1,0.2\n1,2\n", encoding="utf-8")
        _, _, err = run("neuron", "--w", 1, 1, "--b", -0.3, "--x", "x.csv", "-f", "csv", "-a", "relu6")
        assert err == "note: 1 row is at a kink of relu6, 0, where its slope is taken as 0, as PyTorch does\n"


def test_a_table_of_very_many_samples_is_short(run, tmp_path):
    """For people: the first of them, and what they all span."""
    save(tmp_path / "x.csv", many(5000))
    status, out, _ = run(*NEURON, "--x", "x.csv")
    assert (status, len(out.splitlines()) < 100) == (0, True)
    assert "5,000" in out


def test_a_failed_run_leaves_the_output_file_as_it_was(run, tmp_path):
    (tmp_path / "x.csv").write_text("1,2\n3,x\n", encoding="utf-8")
    (tmp_path / "out.csv").write_text("before", encoding="utf-8")
    assert run(*NEURON, "--x", "x.csv", "-f", "csv", "-o", "out.csv")[0] == 2
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "before"
    assert run(*NEURON, "--x", "x.csv", "-f", "csv", "-o", "out.csv", "--on-error", "skip")[0] == 1
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == 2


# --- pipes -------------------------------------------------------------------------------------------------------------


def test_first_rows_are_out_before_the_last_are_in(home):
    """A row's answer does not wait for the next, and says what the whole file's would."""
    one = process(STREAM, home)
    answers = []
    for row in (b"1,2\n", b"3,0.1\n", b"-1,-2\n"):
        one.stdin.write(row)
        one.stdin.flush()
        answers += [one.stdout.readline() for _ in range(1 if answers else 2)]
    rest = one.communicate(timeout=60)
    assert (rest, one.returncode) == ((b"", b""), 0)
    all_at_once = process(STREAM, home).communicate(b"1,2\n3,0.1\n-1,-2\n", timeout=60)[0]
    assert b"".join(answers) == all_at_once


def test_a_pipe_on_both_sides_keeps_the_order_and_the_answers(home, tmp_path):
    x = save(tmp_path / "x.csv", many(30_000))
    piped = process(STREAM, home)
    read = process([*NEURON, "--x", str(x), "-f", "csv"], home, stdin=subprocess.DEVNULL)
    with ThreadPoolExecutor() as pool:
        ours, theirs = pool.map(
            lambda p: p[0].communicate(p[1], timeout=120)[0], [(piped, x.read_bytes()), (read, None)]
        )
    assert ours == theirs
    assert len(ours.splitlines()) == 30_001


def test_a_closed_pipe_ends_quietly(home, tmp_path):
    """head takes two lines and goes."""
    save(tmp_path / "x.csv", many(100_000))
    with process([*NEURON, "--x", str(tmp_path / "x.csv"), "-f", "csv"], home, stdin=subprocess.DEVNULL) as one:
        one.stdout.readline()
        one.stdout.close()
        assert (one.stderr.read(), one.wait(60)) == (b"", cli.CLOSED_PIPE)


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_an_interrupt_ends_with_130(home):
    """In the midst of the rows: what was written is whole lines."""
    one = process(STREAM, home)
    one.stdin.write(b"1,2\n3,4\n")
    one.stdin.flush()
    lines = [one.stdout.readline() for _ in range(3)]
    one.send_signal(signal.SIGINT)
    out, err = one.communicate(timeout=60)
    assert (one.returncode, out, err) == (130, b"", b"")
    assert all(line.endswith(b"\n") for line in lines)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110  # a device
@pytest.mark.parametrize("words", [[], ["-o", "/dev/full"]], ids=["stdout", "-o"])
def test_a_full_disk_is_told(home, words):
    with open("/dev/full", "wb") as full:  # noqa: PTH123  # a device
        one = process([*STREAM, *words], home, stdout=full)
        err = one.communicate(b"1,2\n3,4\n" * 5000, timeout=60)[1].decode()
    assert one.returncode == 2
    assert err.lower().startswith("error: ")
    assert "no space left on device" in err.lower()
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_memory_does_not_grow_with_the_rows(home):
    """Half a million more rows need no more than the first did."""
    one = process(STREAM, home, stdout=subprocess.DEVNULL)

    def peak():
        with open(f"/proc/{one.pid}/status", encoding="utf-8") as status:  # noqa: PTH123  # a device
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    rows = b"0.5,1\n" * 50_000
    for _ in range(10):
        one.stdin.write(rows)
    one.stdin.flush()
    before = peak()
    for _ in range(10):
        one.stdin.write(rows)
    one.stdin.flush()
    after = peak()
    one.communicate(timeout=60)
    assert after < before + 30_000, "half a million rows are 25 MB of numbers, and 50 MB of text"


def test_progress_is_for_terminals_alone(home):
    """On stderr, when the work is long."""
    import pty
    import select

    leader, follower = pty.openpty()
    environment = transcript.environment(home) | {"TERM": "xterm"}
    one = process(STREAM, home, stderr=follower, stdout=subprocess.DEVNULL, env=environment)
    seen, end = b"", time.monotonic() + 30
    while b"rows, " not in seen and time.monotonic() < end:
        one.stdin.write(b"0.5,1\n0.25,2\n")
        one.stdin.flush()
        if select.select([leader], [], [], 0.2)[0]:
            seen += os.read(leader, 4096)
    one.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert b"standard input: " in seen
    assert b"rows, " in seen


@pytest.mark.parametrize("form, count", [("csv", 1), ("csv", 40), ("csv", 6000), ("json", 1), ("json", 400)])
def test_columns_that_are_named_as_the_inputs_are_taken_by_name(run, tmp_path, form, count):
    """x1,x0 is read as it says, counted from 0 or from 1; any other names say nothing of the order."""
    x = many(count, 3)
    (tmp_path / "x.csv").write_bytes(b"x0,x1,x2\n" + save(tmp_path / "bare.csv", x).read_bytes())
    save(tmp_path / "bare.csv", x[:, [2, 0, 1]])
    for header in (b"x2,x0,x1", b"x3, x1, x2"):
        (tmp_path / "permuted.csv").write_bytes(header + b"\n" + (tmp_path / "bare.csv").read_bytes())
        asked = ["neuron", "--w", 4, -4, 0.5, "--b", -3]
        assert run(*asked, "--x", "permuted.csv", "-f", form) == run(*asked, "--x", "x.csv", "-f", form)
    for header in (b"x2,x0,x3", b"c,a,b", b"w2,w0,w1", b"x2,x0,x0"):
        (tmp_path / "other.csv").write_bytes(header + b"\n" + (tmp_path / "bare.csv").read_bytes())
        assert run(*asked, "--x", "other.csv", "-f", form) == run(*asked, "--x", "bare.csv", "-f", form)


def test_parts_of_many_files_are_taken_by_name_too(tmp_path):
    """Byte ranges, whole files, and row groups of Parquet."""
    x = many(300, 2)
    path = save(tmp_path / "x.csv", x)
    path.write_bytes(b"x1,x0\n" + path.read_bytes())
    expected = x[:, [1, 0]].tolist()
    for size in (1000, 1 << 20):
        rows = [
            row for part in parts.parts_of(str(path), size) for block in parts.part_blocks(part, 2) for row in block
        ]
        assert np.array(rows).tolist() == expected
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    import pyarrow as pa

    pq.write_table(pa.table({"x1": x[:, 0], "x0": x[:, 1]}), tmp_path / "x.parquet")
    (part,) = parts.parts_of(str(tmp_path / "x.parquet"))
    assert np.concatenate(list(parts.part_blocks(part, 2))).tolist() == expected


# --- one row, one column -----------------------------------------------------------------------------------------------


def test_a_lone_row_is_a_vector(run, tmp_path):
    """As when it is typed: an element a row."""
    (tmp_path / "x.csv").write_text("-1,-2\n", encoding="utf-8")
    (tmp_path / "column.csv").write_text("-1\n-2\n", encoding="utf-8")
    typed = run(*NEURON, "--x", -1, -2, "-f", "csv")
    assert run(*NEURON, "--x", "x.csv", "-f", "csv") == typed
    assert run(*NEURON, "--x", "column.csv", "-f", "csv") == typed


def test_a_column_of_samples_of_one_input(run, tmp_path):
    """With one weight, each line is a sample."""
    save(tmp_path / "x.csv", many(5000, 1))
    names, values = table(run("neuron", "--w", 2, "--b", 0, "--x", "x.csv", "-f", "csv")[1])
    assert names == ["q", "f", "dx0", "dw0", "db"]
    assert len(values) == 5000


def test_a_long_lone_row(run, tmp_path):
    """More inputs than are certified, in one line."""
    x = many(1, 20_000)
    save(tmp_path / "x.csv", x)
    np.save(tmp_path / "w.npy", np.ones(20_000))
    status, out, _ = run("neuron", "--x", "x.csv", "--w", "w.npy", "--b", 0, "-f", "csv")
    assert (status, len(out.splitlines())) == (0, 1 + 2 + 2 * 20_000 + 1)
    assert float(out.splitlines()[1].rpartition(",")[2]) == pytest.approx(float(sum(map(Fraction, x[0].tolist()))))


@pytest.mark.parametrize("count", [10, 5000])
def test_only_some_parts_of_a_row(run, tmp_path, count):
    """In the order asked for; a part that there is not is told before anything is written."""
    save(tmp_path / "x.csv", many(count))
    names, values = table(run(*NEURON, "--x", "x.csv", "-f", "csv")[1])
    some, parts = table(run(*NEURON, "--x", "x.csv", "-f", "csv", "--only", "db", "dx")[1])
    assert some == ["db", "dx0", "dx1"]
    assert parts.tolist() == values[:, [names.index(name) for name in some]].tolist()
    status, out, err = run(*NEURON, "--x", "x.csv", "-f", "csv", "--only", "dX")
    assert (status, out) == (2, "")
    assert err.startswith("error: unknown part 'dX'")


def test_the_file_to_write_names_the_format(run, tmp_path):
    """`-o out.tsv` streams too."""
    save(tmp_path / "x.csv", many(5000))
    expected = run(*NEURON, "--x", "x.csv", "-f", "tsv")[1]
    assert run(*NEURON, "--x", "x.csv", "-o", "out.tsv") == (0, "", "")
    assert (tmp_path / "out.tsv").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    "words", [["-f", "csv"], ["-f", "jsonl", "--index-from", "1"], ["-f", "tsv", "-a", "leaky_relu(0.2)"]]
)
def test_a_long_vectors_lines_are_those_of_its_elements(run, tmp_path, words, monkeypatch):
    """Written by what they share, or one by one."""
    from netcalc.render import rows as rendered

    np.save(tmp_path / "x.npy", many(1, 9000)[0])
    np.save(tmp_path / "w.npy", many(1, 9000, seed=1)[0])
    shared = run("neuron", "--x", "x.npy", "--w", "w.npy", "--b", 0, *words)
    monkeypatch.setattr(rendered, "_is_vector", lambda _: False)
    assert run("neuron", "--x", "x.npy", "--w", "w.npy", "--b", 0, *words) == shared
    assert shared[0] == 0


@pytest.mark.parametrize(
    "expression, rows",
    [
        ("abs(x)", [(1, -1), (0, 0), (1, 1)]),
        ("relu(x)", [(0, 0), (0, 0), (1, 1)]),
        ("max(x, 1)", [(1, 0), (1, 0), (1, 0.5)]),
        ("where(x >= 1, x^2, x)", [(-1, 1), (0, 1), (1, 2)]),
        ("sign(x) + abs(x - 1)", [(1, -1), (1, -1), (1, 0)]),
    ],
)
@pytest.mark.parametrize("copies", [1, 500])
def test_comparisons_at_a_table_of_points(run, tmp_path, expression, rows, copies):
    """Row by row, be they few, which are exact, or many, which are float64."""
    (tmp_path / "m.csv").write_text("x\n" + "-1\n0\n1\n" * copies)
    status, out, _ = run("grad", expression, "--at", str(tmp_path / "m.csv"), "-f", "csv")
    found = [tuple(map(float, line.split(","))) for line in out.splitlines()[1:]]
    assert (status, found) == (0, rows * copies)


def test_a_tie_in_a_table_is_decided_exactly(run, tmp_path):
    (tmp_path / "m.csv").write_text("x\n1/3\n0.3333333333333333\n")
    _, _, err = run("grad", "abs(x - 1/3)", "--at", str(tmp_path / "m.csv"), "-f", "csv")
    assert err == "note: 1 row is at a tie of what f compares, maybe a kink\n"


@pytest.mark.parametrize("count", [10, 5000])
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.txt", "x.json", "x.npy", "headed.csv"])
def test_nan_in_a_row_is_treated_alike_in_every_format(run, tmp_path, count, name):
    """The run stops there; or that row is left out and kept, and the others are answered."""
    rows = (np.arange(2.0 * count) / 8).reshape(count, 2).tolist()
    rows[3][0] = float("nan")
    if name == "x.npy":
        np.save(tmp_path / name, rows)
    elif name == "x.json":
        (tmp_path / name).write_text(json.dumps(rows), encoding="utf-8")
    else:
        cut = {"x.tsv": "\t", "x.txt": " "}.get(name, ",")
        header = ["a,b"] if name == "headed.csv" else []
        lines = header + [cut.join(map(repr, row)) for row in rows]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    asked = ["neuron", "--w", 1, 1, "--b", 0, "-f", "csv", "--only", "q", "--x", name]
    status, _, err = run(*asked)
    assert (status, "not a finite number" in err) == (2, True)
    status, out, err = run(*asked, "--on-error", "skip")
    answers = [float(line) for line in out.splitlines()[1:]]
    assert (status, answers) == (1, [a + b for a, b in rows[:3] + rows[4:]])
    assert err.startswith("error: 1 row does not read; it is left out, and kept in ")
    assert err.rstrip().endswith("finite") or err.rstrip().endswith("is not a finite number")
    (kept,) = tmp_path.glob("*.bad.csv")
    assert kept.read_text(encoding="utf-8").splitlines()[1].lower().startswith("nan")

"""Many files on a Dask cluster: the plain run's answers, whatever happens to a worker; and files in parts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import transcript

from netcalc import cli
from netcalc.errors import FileError
from netcalc.files import parts

NEURON = ["neuron", "--w", "4", "-4", "--b", "-3"]
CLUSTER = """
import json, os, sys
from dask.distributed import Client, LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        with Client(cluster) as client:
            print(json.dumps([cluster.scheduler_address, list(client.run(os.getpid).values())]), flush=True)
            sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """A command in a folder of its own: its status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        status = cli.main([str(word) for word in words])
        return status, *capfd.readouterr()

    return run


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler's address, and the numbers of its three worker processes."""
    pytest.importorskip("distributed", reason="dask is not installed")
    script = tmp_path_factory.mktemp("cluster") / "cluster.py"
    script.write_text(CLUSTER, encoding="utf-8")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, script], cwd=script.parent, **pipes) as process:
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        process.wait(60)


def many(folder, files, rows):
    """Files of rows, and all of it as one."""
    (folder / "data").mkdir()
    x = np.random.default_rng(0).standard_normal((files, rows, 2)).round(6)
    for number, block in enumerate(x):
        text = "".join(f"{a!r},{b!r}\n" for a, b in block.tolist())
        (folder / "data" / f"{number:02}.csv").write_text("a,b\n" + text, encoding="utf-8")
    np.save(folder / "all.npy", x.reshape(-1, 2))


def values(text):
    return np.array([[float(cell) for cell in line.split(",")] for line in text.splitlines()[1:]])


def test_a_worker_that_is_killed_midway_changes_nothing(cluster, tmp_path, home):
    """Three workers, one of them killed: every part is there once, in order, with the plain run's answers."""
    many(tmp_path, 40, 5000)
    address, workers = cluster
    words = [*NEURON, "--x", "data/*.csv", "--engine", "dask", "--scheduler", address, "-o", "out", "-f", "csv"]
    command = [sys.executable, "-m", "netcalc", *words]
    settings = {"cwd": tmp_path, "env": transcript.environment(home), "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **settings) as process:
        end = time.monotonic() + 60
        while not (done := list(tmp_path.glob(".out.part/part-*"))) and time.monotonic() < end:
            time.sleep(0.002)
        os.kill(workers[0], signal.SIGKILL)
        assert 0 < len(done) < 40
        assert (process.stderr.read(), process.wait(60)) == (b"", 0)
    written = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in written] == [f"part-{number:05}.csv" for number in range(40)]
    del settings["stderr"]
    plain = subprocess.run(
        [*command[:3], *NEURON, "--x", "all.npy", "-f", "csv"], capture_output=True, check=True, **settings
    )
    ours = np.concatenate([values(path.read_text(encoding="utf-8")) for path in written])
    theirs = values(plain.stdout.decode())
    assert ours.shape == theirs.shape == (200_000, 7)
    assert np.allclose(ours, theirs, rtol=1e-15, atol=1e-16)
    assert not (tmp_path / ".out.part").exists()


def test_a_scheduler_that_is_killed_midway_is_told(tmp_path, home):
    """With how far it was; nothing is left."""
    pytest.importorskip("distributed", reason="dask is not installed")
    many(tmp_path, 40, 5000)
    settings = {"cwd": tmp_path, "env": transcript.environment(home), "stderr": subprocess.PIPE}
    started = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", "at.json", "--nthreads", "1"]
    silent = settings | {"stderr": subprocess.DEVNULL}
    with subprocess.Popen([*started, "--no-dashboard", "--scheduler-file", "at.json"], **silent) as scheduler:
        end = time.monotonic() + 60
        while not (tmp_path / "at.json").exists() and time.monotonic() < end:
            time.sleep(0.02)
        with subprocess.Popen([*worker, "--no-dashboard"], **silent) as one:
            address = json.loads((tmp_path / "at.json").read_text())["address"]
            words = [*NEURON, "--x", "data/*.csv", "--engine", "dask", "--scheduler", address, "-o", "out", "-f", "csv"]
            with subprocess.Popen([sys.executable, "-m", "netcalc", *words], **settings) as process:
                while not list(tmp_path.glob(".out.part/part-*")) and time.monotonic() < end:
                    time.sleep(0.002)
                scheduler.kill()
                said, status = process.stderr.read().decode(), process.wait(60)
            one.kill()
    assert (status, said.startswith("error: the Dask scheduler went away when ")) == (2, True), said
    assert said.endswith(" of 40 parts were done; nothing is written\n")
    assert not list(tmp_path.glob("*out*")) + list(tmp_path.glob(".out*"))


def test_parquet_in_and_out(cluster, run, tmp_path):
    """The answers of CSV files as Parquet; they are read again as the rows they are."""
    pq = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    many(tmp_path, 2, 50)
    cluster_words = ["--engine", "dask", "--scheduler", cluster[0]]
    assert run(*NEURON, "--x", "data/*.csv", *cluster_words, "-o", "out", "--only", "dx") == (0, "", "")
    table = pq.read_table(tmp_path / "out")
    assert table.column_names == ["dx0", "dx1"]
    assert (
        run(
            "neuron",
            "--w",
            1,
            1,
            "--b",
            0,
            "--x",
            "out/*.parquet",
            *cluster_words,
            "-o",
            "q",
            "-f",
            "csv",
            "--only",
            "q",
        )[0]
        == 0
    )
    q = np.concatenate([values(path.read_text(encoding="utf-8")) for path in sorted((tmp_path / "q").iterdir())])
    assert q[:, 0] == pytest.approx(table["dx0"].to_numpy() + table["dx1"].to_numpy(), abs=1e-15)


def test_a_bad_row_is_told_with_its_line_and_leaves_nothing(cluster, run, tmp_path):
    many(tmp_path, 3, 100)
    with (tmp_path / "data" / "01.csv").open("a", encoding="utf-8") as file:
        file.write("1,x\n")
    status, out, err = run(*NEURON, "--x", "data/*.csv", "--engine", "dask", "--scheduler", cluster[0], "-o", "out")
    path = (tmp_path / "data" / "01.csv").resolve()
    assert (status, out, err) == (2, "", f"error: {path}, line 102, column 2: 'x' is no number\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.npy", "data"]


def test_a_scheduler_that_does_not_answer_is_told(run, tmp_path):
    """After five seconds."""
    pytest.importorskip("distributed", reason="dask is not installed")
    many(tmp_path, 1, 2)
    status, out, err = run(
        *NEURON, "--x", "data/*.csv", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:9", "-o", "out"
    )
    assert (status, out) == (2, "")
    assert err.startswith("error: no Dask scheduler answers at tcp://127.0.0.1:9 (Timed out")
    assert err.endswith("start one with: dask scheduler\n")
    assert not (tmp_path / "out").exists()


# --- files in parts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 10, 64, 10_000])
@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n3,4\n\n# no row\n5,6\n7,8", "1,2\r\n3,4\r\n5,6\r\n7,8\r\n", "\n\n1 2\n3 4\n5 6\n7 8\n"]
)
def test_parts_are_the_whole_wherever_it_is_cut(tmp_path, size, content):
    """Each row once, in order."""
    (tmp_path / "x.csv").write_bytes(content.encode())
    found = parts.parts_of(str(tmp_path / "x.csv"), size)
    rows = [row for part in found for block in parts.part_blocks(part, 2) for row in block.tolist()]
    assert rows == [[1, 2], [3, 4], [5, 6], [7, 8]]


@pytest.mark.parametrize("size", [1, 5, 13, 10_000])
def test_a_part_knows_its_lines(tmp_path, size):
    """A bad row's line is counted from the file's beginning."""
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n5,six\n7,8\n", encoding="utf-8")
    with pytest.raises(FileError, match="line 4, column 2: 'six'"):
        [list(parts.part_blocks(part, 2)) for part in parts.parts_of(str(tmp_path / "x.csv"), size)]


def test_a_part_of_other_columns_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("1,2,3\n4,5,6\n", encoding="utf-8")
    for size in (2, 100):
        with pytest.raises(FileError, match="has 3 columns, and 2 are needed"):
            [list(parts.part_blocks(part, 2)) for part in parts.parts_of(str(tmp_path / "x.csv"), size)]

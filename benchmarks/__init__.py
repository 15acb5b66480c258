"""Benchmarks: netcalc beside other tools on the same work, in one run.

    python -m benchmarks                  everything; the tables are printed and put into docs/performance.md
    python -m benchmarks startup rows     these alone
    python -m benchmarks --runs 3 --dry   fewer runs, and nothing is written

A file beside this one that has a function `cases` is a set of benchmarks, named for the file:

    def prepare(folder: Path) -> None:
        '''Optional: make the input files. It runs in a process of its own, so it may import and use what it likes.'''

    def cases(folder: Path) -> Iterator[Case | Growth]:
        '''Say what is timed. Import nothing heavy here or at the top: a child's peak memory counts ours.'''
        yield Case(
            "4096 × 4096, 64 samples",
            netcalc("linear", "--matrix", folder / "W.npy", "--v", folder / "v.npy", "-f", "csv"),
            {"NumPy": python(NUMPY_SCRIPT, folder / "W.npy", needs=["numpy"])},
            most={"NumPy": 1.3},
        )
        yield Growth("linear, n × n", "entries", {n * n: netcalc("linear", …) for n in (256, 512, 1024)})

A file with a function `tables` counts rather than times: it yields sections for the page that its `PAGE` names.

The file's docstring is the text above its table. A `Case` is run beside each peer in turn, and its ratio is the median
of the ratios of the pairs; a peer that is not installed is named and left out. A `Growth` is a command at several
amounts of work, and the exponent of its time. `most` is the ratio that is promised, `most_memory` the same of memory.
"""

"""The switches of changed lines, in the copy that `mutate.py` makes, and the pytest plugin that turns them.

A changed expression reads `new if mutants.on(17) else old`. With MUTANTS_REACHED the tests run once, and the file named
gets a line for each test that passes: how long it computes and which switches it asks for. With MUTANTS_TRIED the tests are
collected once; then each change is tried in a fork, with the tests planned for it, until one of them fails. The commands of
transcripts are run by forks of the process that tests, which has the switches.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import pkgutil
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import Phase, settings

active = int(os.environ.get("MUTANT", "-1"))
asked: set[int] = set()  # switches, by whatever runs
CASES_EACH = 3  # of a test function that are recorded, spread over all; of transcripts all
LONGEST_SECONDS = 4  # that a test computes; a longer one is not tried
commands: list[Path] = []  # the files that say what commands asked for
PATIENCE = 5  # times what the tests compute unchanged; what takes longer is noticed
AT_LEAST_SECONDS = 40  # of it: what earlier tests had made ready is made anew
WALL = 10  # times as long by the clock, for a test that waits
MEMORY = 6 << 30  # bytes


def on(number: int) -> bool:
    """Whether that change is made."""
    asked.add(number)
    return number == active


def import_everything() -> None:
    """So that what is asked for while modules are imported is told from what a test asks for, and a fork has them."""
    import netcalc

    for module in pkgutil.walk_packages(netcalc.__path__, "netcalc."):
        if module.name.endswith("__main__") or ".examples." in module.name:
            continue
        with contextlib.suppress(ImportError):  # of an extra that is not installed
            importlib.import_module(module.name)


def spread(cases: list[pytest.Item]) -> list[pytest.Item]:
    """So many, the first and the last among them, but of transcripts, which are one function for many behaviours, all."""
    count = len(cases) if "forks" in getattr(cases[0], "fixturenames", ()) else min(CASES_EACH, len(cases))
    return [cases[place * (len(cases) - 1) // max(count - 1, 1)] for place in range(count)]


@contextlib.contextmanager
def forking_here(folder):
    """As `forking.forking`, by forks of this process; each adds a line on what it asked for to the folder's file `asked`."""
    from forking import command, serve

    front = command(folder)
    (standard_input, stop), (started, output) = os.pipe(), os.pipe()
    server = os.fork()
    if not server:
        os.close(stop)
        os.chdir(folder)
        os.dup2(standard_input, 0)
        os.dup2(output, 1)
        sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
        asked.clear()
        end = os._exit

        def ended(status):
            line = json.dumps([time.process_time(), sorted(asked)]) + "\n"
            with (folder / "asked").open("a", encoding="utf-8") as file:
                file.write(line)
            end(status)

        os._exit = ended
        with contextlib.suppress(SystemExit):  # with which a command ends
            serve()
            end(0)
        atexit._run_exitfuncs()
    os.read(started, 1)
    commands.append(folder / "asked")
    yield front
    os.close(stop)
    os.waitpid(server, 0)


def asked_by_commands():
    """How long those that ran since the last time computed, and what they asked for."""
    seconds, switches = 0.0, set()
    for path in filter(Path.exists, commands):
        for one in map(json.loads, path.read_text("utf-8").splitlines()):
            seconds += one[0]
            switches |= set(one[1])
        path.unlink()
    return seconds, switches


def too_long(*_):
    raise TimeoutError


class Recording:
    """Which test asks for which switches, and what is asked for while modules are imported."""

    def __init__(self, path: str) -> None:
        import_everything()
        signal.signal(signal.SIGVTALRM, too_long)
        self.path = Path(path + os.environ.get("PYTEST_XDIST_WORKER", ""))
        self.cases: dict[str, int] = {}  # of each function
        self._write("", 0.0)

    def _write(self, test: str, seconds: float) -> None:
        by_commands, switches = asked_by_commands()
        with self.path.open("a", encoding="utf-8") as file:
            cases = self.cases.get(test.partition("[")[0], 1)
            file.write(json.dumps([test, seconds + by_commands, sorted(asked | switches), cases]) + "\n")

    def pytest_collection_modifyitems(self, items):
        functions: dict[str, list[pytest.Item]] = {}
        for item in items:
            functions.setdefault(item.nodeid.partition("[")[0], []).append(item)
        self.cases = {function: len(cases) for function, cases in functions.items()}
        rounds = zip_longest(*map(spread, functions.values()))  # so that a run that is cut has seen all functions
        items[:] = [item for cases in rounds for item in cases if item is not None]

    def pytest_runtest_protocol(self):
        asked.clear()
        self.passed, self.started = True, time.process_time()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self):  # what is too long ends here, not where its failure is written
        signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_SECONDS, 0.5)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        try:
            return (yield)
        except (SystemError, Warning):  # Python 3.11's, of a syntax tree that is made while another one is
            return pytest.TestReport.from_item_and_call(item, call)

    def pytest_runtest_logreport(self, report):
        self.passed = getattr(self, "passed", False) and report.passed

    def pytest_runtest_logfinish(self, nodeid):
        if getattr(self, "passed", False):
            self._write(nodeid, time.process_time() - self.started)


class Trying:
    """Each change of the plan, in a fork of its own."""

    def __init__(self, path: str) -> None:
        import_everything()
        self.path = Path(path)
        self.plan = json.loads(self.path.read_text("utf-8"))
        self.at_once = int(os.environ.get("MUTANTS_AT_ONCE", "1"))

    def pytest_runtestloop(self, session):
        items: dict[str, list[pytest.Item]] = {}  # by their names, and those of their functions and files
        for item in session.items:
            for name in {item.nodeid, item.nodeid.partition("[")[0], item.nodeid.partition("::")[0]}:
                items.setdefault(name, []).append(item)
        running: dict[int, tuple[str, str]] = {}
        waiting = list(self.plan.items())
        with self.path.with_suffix(".tried").open("a", encoding="utf-8") as tried:
            while waiting or running:
                if waiting and len(running) < self.at_once:
                    number, planned = waiting.pop(0)
                    named = dict.fromkeys(item for name in planned["tests"] for item in items.get(name, ()))
                    tests = [item for item in named if f"!{item.nodeid}" not in planned["tests"]]
                    folder = tempfile.mkdtemp()
                    child = os.fork()
                    if not child:
                        os._exit(self._notice(session, int(number), tests, planned["seconds"], folder))
                    running[child] = number, folder
                    continue
                child, status = os.wait()
                number, folder = running.pop(child)
                failed = Path(folder, "failed")
                test = failed.read_text("utf-8") if failed.exists() else ""
                shutil.rmtree(folder, ignore_errors=True)
                tried.write(json.dumps([int(number), status, test]) + "\n")
                tried.flush()
        return True

    @staticmethod
    def _notice(session, number, tests, seconds, folder):
        """1 if a test fails, whose name is then in the folder's file `failed`."""
        global active  # noqa: PLW0603 - the switch
        active = number
        os.environ |= {"MUTANT": str(number), "TMPDIR": folder}
        tempfile.tempdir = folder
        limit = int(PATIENCE * seconds + AT_LEAST_SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(WALL * limit)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        for place, item in enumerate(tests):
            following = tests[place + 1] if place + 1 < len(tests) else None
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                Path(folder, "failed").write_text(item.nodeid, "utf-8")
                return 1
        return 0


def pytest_sessionstart():
    sys.modules["conftest"].forking = forking_here


def pytest_configure(config):
    sys.modules.setdefault("mutants", sys.modules[__name__])
    phases = [Phase.explicit, Phase.generate]  # a failing example need not be a small one
    settings.register_profile("mutants", derandomize=True, database=None, deadline=None, phases=phases)
    settings.load_profile("mutants")
    for variable, plugin in (("MUTANTS_REACHED", Recording), ("MUTANTS_TRIED", Trying)):
        if path := os.environ.get(variable):
            config.pluginmanager.register(plugin(path), variable)

"""The switches of changed lines, in the copy that `mutate.py` makes, and the pytest plugin that turns them.

A changed expression reads `new if mutants.on(17) else old`. With MUTANTS_REACHED the tests run once, and the file named
gets, for each test, how long it computes and which switches it asks for. With MUTANTS_TRIED the tests are collected once;
then each change is tried in a fork, with the tests planned for it, until one of them fails.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

active = int(os.environ.get("MUTANT", "-1"))
asked: set[int] = set()  # switches, by whatever runs
AT_ONCE = os.cpu_count() or 1
PATIENCE = 5  # times what the tests compute unchanged; what takes longer is noticed
AT_LEAST = 60  # seconds of it: what earlier tests had made ready is made anew


def on(number: int) -> bool:
    """Whether that change is made."""
    asked.add(number)
    return number == active


class Recording:
    """Which test asks for which switches, and what is asked for while modules are imported."""

    def __init__(self, path: str) -> None:
        self.path = Path(path + os.environ.get("PYTEST_XDIST_WORKER", ""))
        self.tests: dict[str, tuple[float, list[int]]] = {}

    def pytest_runtest_protocol(self, item):
        if not self.tests:
            self.tests[""] = (0.0, sorted(asked))
        asked.clear()
        self.started = time.process_time()
        self.name = item.nodeid

    def pytest_runtest_logfinish(self, nodeid):
        if nodeid == getattr(self, "name", ""):
            self.tests[nodeid] = (time.process_time() - self.started, sorted(asked))

    def pytest_sessionfinish(self):
        if self.tests:
            self.path.write_text(json.dumps(self.tests), "utf-8")


class Trying:
    """Each change of the plan, in a fork of its own."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.plan = json.loads(self.path.read_text("utf-8"))

    def pytest_runtestloop(self, session):
        items = {item.nodeid: item for item in session.items}
        running: dict[int, str] = {}
        with self.path.with_suffix(".tried").open("w") as tried:
            waiting = list(self.plan.items())
            while waiting or running:
                if waiting and len(running) < AT_ONCE:
                    number, planned = waiting.pop(0)
                    tests = [items[name] for name in planned["tests"] if name in items]
                    child = os.fork()
                    if not child:
                        os._exit(self._notice(session, int(number), tests, planned["seconds"]))
                    running[child] = number
                    continue
                child, status = os.wait()
                tried.write(f"{running.pop(child)} {status}\n")
                tried.flush()
        return True

    @staticmethod
    def _notice(session, number, tests, seconds):
        """1 if a test fails."""
        global active  # noqa: PLW0603 - the switch
        active = number
        os.environ["MUTANT"] = str(number)
        limit = int(PATIENCE * seconds + AT_LEAST)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        for place, item in enumerate(tests):
            following = tests[place + 1] if place + 1 < len(tests) else None
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0


def pytest_configure(config):
    sys.modules.setdefault("mutants", sys.modules[__name__])
    for variable, plugin in (("MUTANTS_REACHED", Recording), ("MUTANTS_TRIED", Trying)):
        if path := os.environ.get(variable):
            config.pluginmanager.register(plugin(path), variable)

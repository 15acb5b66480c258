"""`netcalc` for commands by the hundred: a process that has imported it once forks for each.

The command on the path hands its words, its folder, its environment and its three streams to that process, whose fork
runs them as the installed command does. Nothing of a run is left for the next.
"""

from __future__ import annotations

import gc
import os
import select
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import NoReturn

fork = getattr(os, "fork", None)  # kept, as a server may take it away from netcalc
LONGEST = 1 << 22  # bytes of a command line and its environment
COMMAND = """\
#!/bin/sh
[ -z "$PYTHONPATH$COVERAGE_PROCESS_START" ] || exec {python} -m netcalc "$@"
exec {python} -IS {client} "$@"
"""
CLIENT = """\
import os, sys
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_STREAM, SOL_SOCKET, SHUT_WR, socket

words = sys.argv[1:]
settings = [name + "=" + value for name, value in os.environ.items()]
told = os.fsencode("\\0".join([os.getcwd(), str(len(words)), *words, *settings]))
asked = socket(AF_UNIX, SOCK_STREAM)
os.chdir({folder!r})  # as an address has about a hundred characters at most
asked.connect("socket")
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
sent = asked.sendmsg([told], [(SOL_SOCKET, SCM_RIGHTS, streams)])
asked.sendall(told[sent:])
asked.shutdown(SHUT_WR)
os._exit(int(asked.recv(8) or 1))
"""


@contextmanager
def forking(folder: Path, server: Path = Path(__file__)) -> Iterator[Path]:
    """A folder for the front of the path, whose `netcalc` is run by forks while the context lasts."""
    front = command(folder)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, server], cwd=folder, env=environment, **pipes) as process:
        assert process.stdout.read(1) == b"."
        yield front
        process.stdin.close()  # which ends it, as the end of this process would


def command(folder: Path) -> Path:
    """The folder of a `netcalc` that asks the server of that folder."""
    client, script = folder / "client.py", folder / "bin/netcalc"
    client.write_text(CLIENT.format(folder=str(folder)), encoding="utf-8")
    script.parent.mkdir()
    started = {"python": shlex.quote(sys.executable), "client": shlex.quote(str(client))}
    script.write_text(COMMAND.format_map(started), encoding="utf-8")
    script.chmod(0o755)
    return script.parent


def serve() -> None:
    """Fork for each command that comes to the socket of this folder, until standard input ends."""
    for module in walk_packages(import_module("netcalc").__path__, "netcalc."):
        if not module.name.startswith(("netcalc.__main__", "netcalc.examples.")):
            import_module(module.name)
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        listener.listen()
        os.write(1, b".")
        running: set[int] = set()
        while listener in select.select([listener, 0], [], [])[0]:
            connection, _ = listener.accept()
            running -= {one for one in running if os.waitpid(one, os.WNOHANG)[0]}
            if (forked := fork()) == 0:
                listener.close()
                run(connection)
            running.add(forked)
            connection.close()
        for one in running:
            os.waitpid(one, 0)


def run(connection: socket.socket) -> NoReturn:
    """The command that a connection tells of, in a process that is its own and watched by another for its status."""
    told, streams, _, _ = socket.recv_fds(connection, LONGEST, 3)
    while more := connection.recv(LONGEST):
        told += more
    folder, count, *rest = os.fsdecode(told).split("\0")
    if forked := fork():
        _, status = os.waitpid(forked, 0)
        connection.send(str(os.waitstatus_to_exitcode(status) % 256).encode())
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(setting.split("=", 1) for setting in rest[int(count) :])
    sys.argv = ["netcalc", *rest[: int(count)]]
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        was = getattr(sys, name)
        buffering = 1 if name == "stderr" else -1
        now = open(number, mode, buffering, was.encoding, was.errors, closefd=False)  # noqa: SIM115  # as started
        setattr(sys, name, now)
        setattr(sys, f"__{name}__", now)
    from netcalc.__main__ import run as run_process  # as the installed command begins

    run_process()


if __name__ == "__main__":
    serve()

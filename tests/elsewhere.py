"""netcalc on a system without what POSIX alone has, as Windows is: the process that forks for commands which lack that.

What is taken away is gone before anything of netcalc is imported: names of `os` and `signal`, and whole modules.
"""

from __future__ import annotations

import os
import signal
import sys

from forking import serve

OF_OS = (
    *(
        "O_NOFOLLOW",
        "O_NONBLOCK",
        "O_CLOEXEC",
        "O_DIRECTORY",
        "O_DSYNC",
        "O_SYNC",
        "geteuid",
        "getuid",
        "getegid",
        "getgid",
    ),
    *("setsid", "getpgid", "setpgid", "getpgrp", "killpg", "fork", "forkpty", "mkfifo", "sysconf", "statvfs"),
    *(
        "fchmod",
        "fchown",
        "chown",
        "lchown",
        "nice",
        "getgroups",
        "sched_getaffinity",
        "openpty",
        "posix_spawn",
    ),
    *("sysconf_names", "register_at_fork", "wait3", "wait4", "pread", "pwrite", "sendfile", "ttyname", "tcgetpgrp"),
)
OF_SIGNAL = (
    "SIGHUP",
    "SIGPIPE",
    "SIGALRM",
    "SIGPROF",
    "SIGUSR1",
    "SIGWINCH",
    "alarm",
    "setitimer",
    "getitimer",
    "sigwait",
)
MODULES = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "readline", "syslog", "posixshmem")


def take_away() -> None:
    """What POSIX has, as if it were not there."""
    from subprocess import Popen  # noqa: F401 - the standard library's own choice, made while all is there

    for module, names in ((os, OF_OS), (signal, OF_SIGNAL)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment] - to import it raises ImportError


if __name__ == "__main__":
    take_away()
    serve()

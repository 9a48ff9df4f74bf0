"""Command lines in processes of their own that start at once: forked from one that has everything loaded.

Reads a JSON line `{"words": [...], "log": path, "step": number}`, answers with the process's id, and once it has ended
with its exit code, or the negative number of the signal that ended it. What the process prints goes to the log. Before
the step of that number that it takes below a folder called `state` it kills itself: a file is opened to be written,
renamed or removed, a folder made, a database opened.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from reconciler.cli import COMMANDS, load_command, main

if TYPE_CHECKING:
    from collections.abc import Callable

for command in COMMANDS:
    load_command(command)
for room in ("run", "scim.directory", "scim.transports"):
    import_module(f"reconciler.{room}")
gc.freeze()


STEPS = ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate", "sqlite3.connect")


def die_at(step: int) -> Callable[[str, tuple[object, ...]], None]:
    """What hears of all that the interpreter does, and ends it at this step."""
    taken = 0

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal taken
        if event not in STEPS or "/state" not in str(arguments[0]):
            return
        if event == "open" and not int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR):
            return
        taken += 1
        if taken == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return hear


def start(words: list[str], log: str, step: int) -> int:
    """The process that runs this command line."""
    pid = os.fork()
    if pid:
        return pid
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    if step:
        sys.addaudithook(die_at(step))
    sys.argv = ["reconciler", *words]
    try:
        main()
    except SystemExit as ended:
        sys.stdout.flush()
        os._exit(int(ended.code or 0))
    finally:
        os._exit(99)


for line in sys.stdin:
    asked = json.loads(line)
    child = start(asked["words"], asked["log"], asked["step"])
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
    sys.stdout.flush()

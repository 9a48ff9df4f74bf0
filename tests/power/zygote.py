"""Command lines in processes of their own that start at once: forked from one that has everything loaded.

Reads a JSON line `{"words": [...], "log": path}`, answers with the process's id, and once it has ended with its exit
code, or the negative number of the signal that ended it. What the process prints goes to the log.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

from reconciler.cli import COMMANDS, load_command, main

for command in COMMANDS:
    load_command(command)
for room in ("run", "scim.directory", "scim.transports"):
    import_module(f"reconciler.{room}")


def start(words: list[str], log: str) -> int:
    """The process that runs this command line."""
    pid = os.fork()
    if pid:
        return pid
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
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
    child = start(asked["words"], asked["log"])
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
    sys.stdout.flush()

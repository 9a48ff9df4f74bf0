"""diffsync: load two sides of plain dictionaries and diff them. `diffsync_peer.py SIDES` prints CPU seconds as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

from diffsync import Adapter, DiffSyncModel


class User(DiffSyncModel):  # type: ignore[misc]
    """A user, keyed by userName."""

    _modelname = "user"
    _identifiers = ("userName",)
    _attributes = (
        "externalId",
        "displayName",
        "givenName",
        "familyName",
        "title",
        "department",
        "organization",
        "userType",
        "timezone",
        "locale",
        "email",
        "workPhone",
        "roles",
    )

    userName: str  # noqa: N815 - the manifests' name
    externalId: str  # noqa: N815 - the same
    displayName: str  # noqa: N815 - the same
    givenName: str  # noqa: N815 - the same
    familyName: str  # noqa: N815 - the same
    title: str
    department: str
    organization: str
    userType: str  # noqa: N815 - the same
    timezone: str
    locale: str
    email: str
    workPhone: str  # noqa: N815 - the same
    roles: list[str]


class Side(Adapter):  # type: ignore[misc]
    """One side of the comparison."""

    user = User
    top_level: ClassVar[list[str]] = ["user"]

    def load(self, rows: list[dict[str, Any]]) -> None:
        """Take in all users."""
        for row in rows:
            self.add(User(**row))


def main() -> None:
    """Entry point."""
    sides = json.loads(Path(sys.argv[1]).read_bytes())
    start = time.process_time()
    desired, live = Side(), Side()
    desired.load(sides["desired"])
    live.load(sides["live"])
    difference = live.diff_from(desired)
    seconds = time.process_time() - start
    sys.stdout.write(json.dumps({"seconds": seconds, "changed": difference.summary()["update"]}))


if __name__ == "__main__":
    main()

"""Every way in which the service goes wrong in the campaign, and what of it a run can be expected to get over.

A fault is written as `reconciler sandbox --fault` takes it. Which requests it strikes is added by who uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Strikes = Literal["any", "reads", "lists", "pages", "groups", "writes", "joiners"]
_WHERE: dict[Strikes, str] = {
    "any": "",
    "reads": "method=GET",
    "lists": "method=GET,path=/Users",
    "pages": "method=GET,path=/Users,query=*startIndex=26*",
    "groups": "method=GET,path=/Groups/*",
    "writes": "method=P*",
    "joiners": "method=POST,path=/Users",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    `strikes`: the requests that it can make a difference to. `heals`: struck once, a run gets over it without a word.
    `lies`: what is read or stored while it strikes is not what it should be, so that a plan may rightly differ.
    """

    text: str
    strikes: Strikes = "any"
    heals: bool = False
    lies: bool = False

    @property
    def name(self) -> str:
        """Kind and value, as the service's log has them."""
        return self.text.partition(",")[0]

    def on(self, strikes: Strikes, *options: str) -> str:
        """The fault on these requests only, where it is for any."""
        where = _WHERE[strikes if self.strikes == "any" else self.strikes]
        return ",".join(filter(None, (self.text, where, *options)))


STATUSES = [
    *(Kind(f"status={status}") for status in (400, 401, 403, 404, 409, 413, 414, 422, 500)),
    *(Kind(f"status={status}") for status in (502, 503, 504)),
    Kind("status=429", heals=True),
    *(Kind(f"status={status},retry-after={after}", heals=True) for status in (429, 503) for after in ("7", "date+7")),
    *(Kind(f"acted={status}") for status in (500, 502, 504)),
    Kind("html"),
    Kind("html=502"),
]
CONNECTIONS = [
    *(Kind(fault) for fault in ("refused", "reset=before", "reset=after", "lost", "silent=before", "silent=after")),
    Kind("truncated"),
    Kind("down=20"),
    Kind("latency=3", heals=True),
    Kind("slow=20", heals=True),
    Kind("slow=2000"),
]
BODIES = [
    *(Kind(fault) for fault in ("charset=latin-1", "charset=utf-16", "duplicate-keys", "huge=65", "endless")),
    Kind("string-booleans", "lists", heals=True),
    Kind("numeric-ids", heals=True),
    Kind("no-members", "groups", lies=True),
    *(Kind(f"date={off}", heals=True) for off in ("+7200", "-7200", "none", "junk")),
]
LISTS = [
    Kind("total=+3", "lists", lies=True),
    Kind("total=-3", "lists", lies=True),
    Kind("short-pages", "lists", heals=True),
    Kind("overlap", "pages", lies=True),
    *(Kind(f"shift={how}", "pages", lies=True) for how in ("insert", "remove", "touch")),
]
STORES = [Kind(f"normalise={how}", "joiners", lies=True) for how in ("trim", "lower", "phone", "drop")]
CATALOGUE = [*STATUSES, *CONNECTIONS, *BODIES, *LISTS, *STORES]

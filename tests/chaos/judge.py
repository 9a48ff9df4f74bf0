"""The judge: looks at the service's log and state and at what was declared, and never at the tool's own reasons.

Each verdict is a sentence on what is wrong; none is wanted.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

from tests.chaos.world import OWNED, PROTECTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.chaos.world import Ran, State

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CHANGES_NOTHING = {"plan", "drift"}
CODES = {"plan": {0, 1}, "drift": {0, 1, 2}, "apply": {0, 1, 4}}
ODD_WORDS = ("Traceback", "a bug in this tool", "object at 0x", "Exception(")


def judge(ran: Ran) -> list[str]:
    """Everything that is wrong with one run, whatever was wrong with the service."""
    found = (_deletions(ran), _writes(ran), _deactivations(ran), _memberships(ran), _others(ran))
    return [*chain(*found), *_doubles(ran.after), *_words(ran)]


def judge_converged(ran: Ran) -> list[str]:
    """What the service has that it should not, or lacks, after an apply that nothing disturbed."""
    return [*judge(ran), *_differences(ran.after, ran.declared)]


def key_of(row: dict[str, Any]) -> str:
    return str(row.get("userName", row.get("displayName"))).casefold()


def users_of(state: State) -> dict[str, dict[str, Any]]:
    return {key_of(row): row for row in state if "userName" in row}


def groups_of(state: State) -> dict[str, dict[str, Any]]:
    return {key_of(row): row for row in state if "userName" not in row}


def must_stay_active(ran: Ran) -> set[int]:
    """The ids of users who were there before and must not be deactivated: declared active, not owned, or protected."""
    declared = ran.declared["users"]
    names = {each["userName"].casefold() for each in declared if each.get("active", True)}
    numbers = {each["externalId"].casefold() for each in declared if each.get("active", True) and "externalId" in each}
    others = {each["externalId"].casefold() for each in declared if "externalId" in each} - numbers
    found = set()
    for name, row in users_of(ran.before).items():
        number = str(row.get("externalId", "")).casefold()
        is_declared = number in numbers or (name in names and number not in others)
        if is_declared or not name.endswith(OWNED) or name in PROTECTED:
            found.add(int(row["id"]))
    return found


def _deletions(ran: Ran) -> Iterator[str]:
    for entry in ran.log:
        if entry.method == "DELETE":
            yield f"DELETE {entry.target}"


def _writes(ran: Ran) -> Iterator[str]:
    for entry in ran.log:
        if entry.method != "GET" and ran.command in CHANGES_NOTHING:
            yield f"{ran.command} sent {entry.method} {entry.target}"


def _deactivations(ran: Ran) -> Iterator[str]:
    """At any moment, also where it was put right afterwards."""
    safe = must_stay_active(ran)
    for entry in ran.log:
        for effect in entry.effects if entry.method != "GET" else ():
            if effect.kind == "User" and effect.verb in {"deactivated", "removed"} and effect.id in safe:
                yield f"{entry.method} {entry.target} {effect.verb} {effect.name}, who must stay active"


def _memberships(ran: Ran) -> Iterator[str]:
    """Who is declared a member and is one stays one at any moment."""
    by_number = {each["externalId"].casefold(): each for each in ran.declared["users"] if "externalId" in each}
    by_name = {each["userName"].casefold(): each for each in ran.declared["users"]}
    wanted = {
        each["displayName"].casefold(): {member.casefold() for member in each["members"]}
        for each in ran.declared["groups"]
    }
    people = {
        int(row["id"]): by_number.get(str(row.get("externalId", "")).casefold(), by_name.get(name))
        for name, row in users_of(ran.before).items()
    }
    for entry in ran.log:
        for effect in entry.effects if entry.method != "GET" else ():
            members = wanted.get(effect.name.casefold(), set()) if effect.kind == "Group" else set()
            for gone in effect.gone:
                record = people.get(gone.id) if gone.kind == "User" else None
                if record and record["userName"].casefold() in members:
                    yield f"{entry.method} {entry.target} took {record['userName']} out, who is declared a member"


def _others(ran: Ran) -> Iterator[str]:
    """What is not declared may be deactivated or emptied where it is owned, and nothing else."""
    declared = {each["userName"].casefold() for each in ran.declared["users"]}
    declared |= {each["displayName"].casefold() for each in ran.declared["groups"]}
    numbers = {each.get("externalId", "").casefold() for each in ran.declared["users"]} - {""}
    known = {(("User" if "userName" in row else "Group"), int(row["id"])): row for row in ran.before}
    for entry in ran.log:
        for effect in entry.effects if entry.method != "GET" else ():
            row = known.get((effect.kind, effect.id))
            if row is None or key_of(row) in declared or str(row.get("externalId", "")).casefold() in numbers:
                continue
            is_owned = effect.kind == "Group" or key_of(row).endswith(OWNED)
            is_protected = str(row.get("userName", row.get("displayName"))) in PROTECTED
            if is_protected or not is_owned or (effect.verb != "deactivated" and not effect.gone):
                yield f"{entry.method} {entry.target} {effect.verb} {effect.name}, who is declared nowhere"


def _doubles(state: State) -> Iterator[str]:
    for kind, attribute in (("User", "userName"), ("User", "externalId"), ("Group", "displayName")):
        rows = [row for row in state if ("userName" in row) is (kind == "User") and row.get(attribute)]
        for value, count in Counter(str(row[attribute]).casefold() for row in rows).items():
            if count > 1:
                yield f"{count} {kind}s with {attribute} {value}"


def _words(ran: Ran) -> Iterator[str]:
    """An exit code that is foreseen, and a reason with it."""
    if ran.code not in CODES[ran.command]:
        yield f"{ran.command} ended with {ran.code}"
    yield from (f"{ran.command} said {word!r}" for word in ODD_WORDS if word in ran.out + ran.err)
    told = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    if (ran.code in {1, 4}) is not bool(told):
        yield f"{ran.command} ended with {ran.code} and said {told}"
    if ran.command == "apply":
        yield from _claims(ran)


def _claims(ran: Ran) -> Iterator[str]:
    """What an apply says it did, against what the service did."""
    changed = any(entry.effects for entry in ran.log if entry.method != "GET")
    if ran.code == 1 and changed:
        yield "apply ended with 1 after it had changed something"
    if ran.code == 0 and "No changes." in ran.out and changed:
        yield "apply said that there was nothing to do, and did something"


def claimed_done(ran: Ran) -> set[str]:
    """The keys of what an apply says is done, by its own lines on the way: `[1/5] done + User ann@x`."""
    lines = [line.partition("] ")[2].split(maxsplit=3) for line in ran.err.splitlines() if line.startswith("[")]
    return {words[3].strip() for words in lines if len(words) > 3 and words[0] == "done"}


def _differences(state: State, declared: dict[str, Any]) -> Iterator[str]:
    users, groups = users_of(state), groups_of(state)
    ids = {row["id"]: name for name, row in users.items()}
    inactive = {each["userName"].casefold() for each in declared["users"] if not each.get("active", True)}
    absent = inactive - users.keys()  # who is to be inactive need not be there
    for record in declared["users"]:
        name = record["userName"].casefold()
        if name not in users.keys() | absent:
            yield f"{name} is not there"
        elif name in users:
            if str(record.get("manager")).casefold() in absent:
                record = {key: value for key, value in record.items() if key != "manager"}  # noqa: PLW2901
            yield from _user_differences(record, users[name], ids)
    names = {each["userName"].casefold() for each in declared["users"]}
    for name, row in users.items():
        if row["active"] and name.endswith(OWNED) and name not in {*names, *PROTECTED}:
            yield f"{name} is declared nowhere, and active"
    for record in declared["groups"]:
        group = groups.get(record["displayName"].casefold())
        if group is None:
            yield f"the group {record['displayName']} is not there"
            continue
        wanted = sorted({member.casefold() for member in record["members"]} - absent)
        found = sorted(ids.get(member["value"], "?") for member in group.get("members", ()))
        if wanted != found:
            yield f"the group {record['displayName']} has {found}, not {wanted}"


def _user_differences(record: dict[str, Any], row: dict[str, Any], ids: dict[str, str]) -> Iterator[str]:
    manager = row.get(ENTERPRISE, {}).get("manager", {}).get("value")
    phones = {each.get("type"): each["value"] for each in row.get("phoneNumbers", ())}
    has = {
        "active": row["active"],
        "externalId": row.get("externalId"),
        "title": row.get("title"),
        "manager": ids.get(str(manager)),
        "workPhone": phones.get("work"),
    }
    for attribute, value in ({"active": True} | record).items():
        if attribute in has and _folded(has[attribute]) != _folded(value):
            yield f"{record['userName']} has {attribute} {has[attribute]!r}, not {value!r}"


def _folded(value: object) -> object:
    """In none of these attributes does case matter (RFC 7643 §8.7.1)."""
    return value.casefold() if isinstance(value, str) else value


def planned(ran: Ran) -> list[tuple[str, str]] | None:
    """What a plan in JSON says is to do, None where it says that it did not see all."""
    document = json.loads(ran.out)
    if not document["live"]["complete"]:
        return None
    return [(each["action"], each["key"]) for each in document["actions"]]


def show(verdicts: Iterable[str], ran: Ran) -> str:
    """All of it for whoever has to find out why."""
    log = "\n".join(
        f"  {each.method} {each.target} {each.status} {' '.join(each.faults)} {', '.join(map(str, each.effects))}"
        for each in ran.log
    )
    said = ran.out if not ran.out.startswith("{") else f"planned {planned(ran)}"
    return "\n".join([*verdicts, f"{ran.command} with {ran.faults} ended with {ran.code}", log, said, ran.err])

"""The product's stages by themselves, timed inside one process: for what cannot be told apart from outside.

The only module that imports the product. `python -m benchmarks.stages STAGE ARGUMENTS` prints CPU seconds as JSON:

- `group MEMBERS`: decode and diff one group, by the product and by the floor
- `render PLAN`: a saved plan as text
- `offline FOLDER LIVE OUT`: read manifests, take in live users (a JSON list in LIVE), plan, write the changes
- `parse FOLDER`: only parse its files
- `mapping FOLDER RULES`: load its users from YAML, and have them mapped by the Mapping document in the folder RULES
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.organisation import Organisation, group_json, members_json, user_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.core.model import Live, LiveState

ROUNDS = 5


def measure_group(members: str) -> dict[str, float]:
    """One group whose members differ by 1 %, from the bytes of the answer to the changes."""
    from pydantic_core import from_json

    from benchmarks.floor import diff_members
    from reconciler.core.model import Desired, DesiredState, Live, Member, ResourceType, Source
    from reconciler.core.plan import PlanRequest, make_plan
    from reconciler.scim.wire import decode_resource, to_live

    company = Organisation(int(members), groups=0, large_group=int(members))
    body = group_json(1)[:-1] + b',"members":' + members_json(company.live_members(1)) + b"}"
    numbers = range(1, company.users + company.users // 100 + 1)
    names = {number: user_name(number) for number in numbers}
    users = tuple(
        Live(ResourceType.USER, str(number), name, {"userName": name}, owned=False) for number, name in names.items()
    )
    declared = frozenset(Member(ResourceType.USER, names[number]) for number in company.declared_members(1))
    people = tuple(
        Desired(ResourceType.USER, name, {"userName": name}, Source("users.yaml", number))
        for number, name in names.items()
    )
    group = Desired(ResourceType.GROUP, "Group 0001", {"displayName": "Group 0001"}, Source("groups.yaml", 1))
    with_members = Desired(
        ResourceType.GROUP, group.key, group.attributes, group.source, members=declared, membership="authoritative"
    )
    request = PlanRequest(match_users=("userName",), match_groups=("displayName",))

    def plan(wanted: Desired) -> None:
        live = to_live(decode_resource(body, "group"), ResourceType.GROUP, "group")
        changes = make_plan(DesiredState(people, (wanted,)), _state(users, (live,)), request)
        if wanted.members is not None and not changes.summary.memberships_added:
            raise AssertionError("the membership changes were not found")

    def decode_only() -> None:
        to_live(decode_resource(body, "group"), ResourceType.GROUP, "group")

    ids = {str(number) for number in company.declared_members(1)}
    whole, others, decoding = (
        _quickest(each) for each in (lambda: plan(with_members), lambda: plan(group), decode_only)
    )
    return {
        "product": whole - others + decoding,
        "floor": _quickest(lambda: diff_members(ids, from_json(body))),
    }


def measure_render(plan: str) -> dict[str, float]:
    """A saved plan as text."""
    from reconciler.report.plan_json import parse_plan_json
    from reconciler.report.text import render_plan

    parsed = parse_plan_json(Path(plan).read_text(encoding="utf-8")).plan
    return {"product": _quickest(lambda: render_plan(parsed))}


def measure_offline(folder: str, live: str, out: str) -> dict[str, float]:
    """A plan without a service, stage by stage."""
    from reconciler.core.model import ResourceType
    from reconciler.core.plan import PlanRequest, make_plan
    from reconciler.manifests.read import read_manifests
    from reconciler.scim.wire import to_live

    start = time.process_time()
    manifests = read_manifests(Path(folder))
    read = time.process_time()
    rows = json.loads(Path(live).read_bytes())
    decoded = time.process_time()
    lives = tuple(to_live(row, ResourceType.USER, "live") for row in rows)
    taken = time.process_time()
    changeset = make_plan(manifests.desired, _state(lives, ()), PlanRequest())
    planned = time.process_time()
    changes = {
        action.key: [[each.path, each.before, each.after] for each in action.changes] for action in changeset.actions
    }
    Path(out).write_text(json.dumps(changes, indent=2), encoding="utf-8")
    return {
        "read": read - start,
        "take": taken - decoded,
        "plan": planned - taken,
        "changed": len(changeset.actions),
    }


def measure_parse(folder: str) -> dict[str, float]:
    """What only parsing takes."""
    import yaml_rs

    gc.disable()
    start = time.process_time()
    for path in sorted(Path(folder).rglob("*.yaml")):
        yaml_rs.loads(path.read_text(encoding="utf-8"), parse_datetime=False)
    return {"parse": time.process_time() - start}


def measure_mapping(folder: str, rules: str) -> dict[str, float]:
    """Loading records from YAML, and what a mapping makes of them."""
    from datetime import UTC, datetime

    from reconciler.manifests.quick_yaml import read_quickly
    from reconciler.manifests.read import read_manifests, time_zones
    from reconciler.mapping.mapper import RecordMapper

    mapping = read_manifests(Path(rules)).user_mapping
    gc.disable()
    start = time.process_time()
    (document,) = read_quickly(Path(folder, "users.yaml").read_bytes())
    records = [record for record, _ in document.records or () if isinstance(record, dict)]
    loaded = time.process_time()
    mapper = RecordMapper(mapping, time_zones, datetime.now(UTC))
    problems = sum(bool(mapper.map_record(record).problems) for record in records)
    mapped = time.process_time()
    if problems or not records:
        raise AssertionError(f"{len(records)} records, {problems} of them with problems")
    return {"load": loaded - start, "map": mapped - loaded}


def _state(users: Iterable[Live], groups: Iterable[Live]) -> LiveState:
    from reconciler.core.model import LiveState, ReadSummary

    return LiveState(tuple(users), tuple(groups), summary=ReadSummary("scan", 0, complete=True, read_at=""))


def _quickest(work: Callable[[], object]) -> float:
    gc.collect()
    gc.freeze()  # what was made ready for the measurement is not what a collection should go through in it
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


STAGES: dict[str, Callable[..., dict[str, float]]] = {
    "group": measure_group,
    "render": measure_render,
    "offline": measure_offline,
    "parse": measure_parse,
    "mapping": measure_mapping,
}


def main() -> None:
    """Entry point."""
    stage, *arguments = sys.argv[1:]
    found: dict[str, Any] = STAGES[stage](*arguments)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

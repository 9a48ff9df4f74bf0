"""Kept records are those that would be read, whatever happens to the files, the rules and what is kept."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import DatabaseError, connect
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest_cache import open_manifest_cache
from reconciler.manifests.read import open_manifests

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from reconciler.manifests.kept import Store

USERS = [f"user{number}@x.example" for number in range(6)]
GROUPS = ["Team A", "Team B", "Team C"]
DECLARED = (
    "".join(f"kind: User\nuserName: {name}\n---\n" for name in USERS)
    + "---\n".join(f"kind: Group\ndisplayName: {name}\n" for name in GROUPS)
)  # fmt: skip
MAPPINGS = [
    "",
    "kind: Mapping\nresource: User\nmatch: [userName]\n",
    "kind: Mapping\nresource: User\nattributes:\n  title: {source: title, default: Staff}\n  nickName: {constant: N}\n",
    "kind: Mapping\nresource: User\nattributes: {timezone: {source: timezone, apply: create}, x: y}\n",
    "kind: Mapping\nresource: User\nattributes: {timezone: {source: timezone, apply: create}}\n",
    "kind: Mapping\nresource: User\nattributes: {locale: {default: en}, nickName: {expression: 'ToUpper([title])'}}\n",
    "kind: Mapping\nresource: User\nattributes: {nickName: {expression: 'SelectUniqueValue([userName], [title])'}}\n",
    "kind: Mapping\nresource: User\nscope: [{clauses: [{attribute: title, operator: IS NULL}]}]\n",
]


class Memory:
    """A store that counts what it is given and asked for."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.counts = Counter[str]()

    def get(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        found = {key: body for key, body in self.kept.items() if key in keys}
        self.counts += Counter(found=len(found))
        return found

    def put(self, new: Mapping[bytes, bytes], used: Collection[bytes]) -> None:
        self.counts += Counter(new=len(new))
        self.kept = {key: body for key, body in (self.kept | dict(new)).items() if key in used}


def outcome(folder: Path, store: Store | None = None) -> Any:
    """What reading comes to, in a form that tells 1 from 1.0 and the order of keys, or what is wrong."""
    try:
        return repr(open_manifests(folder).read(store))
    except ManifestError as error:
        return list(map(str, error.problems))


def texts(*some: str) -> st.SearchStrategy[Any]:
    return st.one_of(st.sampled_from([*some, "", None]), st.text(max_size=6))


NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans())
VALUES = st.one_of(
    NUMBERS, texts("x", "00123", "\ud800"), st.lists(NUMBERS, max_size=2), st.just({"b": 1, "a": [True]})
)
VALID = {
    "title": texts("Lead", "Engineer"),
    "givenName": texts("Ann"),
    "department": st.one_of(texts("Sales"), st.integers(0, 3)),
    "timezone": st.sampled_from(["Europe/Amsterdam", "UTC", None]),
    "roles": st.lists(st.sampled_from(["analyst", "manager"]), max_size=2),
    "emails": st.just([{"value": "a@x.example", "type": "home"}, {"value": "b@x.example", "primary": True}]),
    "active": st.sampled_from([True, False, "true"]),
    "customFields": st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2),
    "groups": st.lists(st.sampled_from(GROUPS), max_size=2),
    "adopt": st.booleans(),
}
WRONG = {
    "timezone": st.just("Mars/Base"),
    "titel": st.just("x"),
    "groups": st.just(["Nobody"]),
    "manager": st.sampled_from(USERS),
}
MEMBERS = st.lists(st.one_of(st.sampled_from(USERS), st.sampled_from([{"group": name} for name in GROUPS])), max_size=5)


def user_texts() -> st.SearchStrategy[str]:
    def user(number: int, optional: dict[str, Any], wrong: dict[str, Any]) -> str:
        entries = {"userName": f"{number}@x.example", **optional, **wrong}
        return "\n    ".join(f"{name}: {json.dumps(each)}" for name, each in entries.items())

    wrong = st.one_of(*[st.just({})] * 40, *[st.fixed_dictionaries({name: each}) for name, each in WRONG.items()])
    return st.builds(user, st.integers(0, 999), st.fixed_dictionaries({}, optional=VALID), wrong)


def file_texts() -> st.SearchStrategy[str]:
    users = st.lists(user_texts(), max_size=3).map(
        lambda found: "kind: Users\nusers:\n" + "".join(f"  - {each}\n" for each in found) if found else "# none\n"
    )
    group = st.builds(
        lambda number, members, rest: (
            f"kind: Group\ndisplayName: Group {number}\nmembers: {json.dumps(members)}\n{rest}"
        ),
        st.integers(0, 999),
        MEMBERS,
        st.sampled_from(["", "membership: additive\n", "adopt: true\n", "# \u00e9\n"]),
    )
    return st.lists(st.one_of(users, group), min_size=1, max_size=3).map("---\n".join)


def damage(path: Path, how: str) -> None:
    if not path.is_file():
        return
    if how == "truncate":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "replace":
        path.write_bytes(b"no database")
    else:
        with suppress(DatabaseError), closing(connect(path)) as connection:
            connection.execute(how)
            connection.commit()


STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from("abcd"), file_texts()),
    st.tuples(st.just("move"), st.sampled_from("abcd"), st.sampled_from("abcd")),
    st.tuples(st.just("mapping"), st.sampled_from(MAPPINGS)),
    st.tuples(
        st.just("damage"),
        st.sampled_from([
            "truncate",
            "replace",
            "PRAGMA user_version = 9",
            "UPDATE files SET body = substr(body, 2)",
            "UPDATE files SET key = randomblob(32)",
        ]),
    ),
)  # fmt: skip


def take(folder: Path, cache: Path, step: tuple[str, ...]) -> None:
    kind, *values = step
    if kind == "write":
        (folder / f"{values[0]}.yaml").write_text(values[1], "utf-8")
    elif kind == "move" and (folder / f"{values[0]}.yaml").exists():
        (folder / f"{values[0]}.yaml").replace(folder / f"{values[1]}.yaml")
    elif kind == "mapping":
        (folder / "mapping.yaml").write_text(values[0], "utf-8")
    elif kind == "damage":
        damage(cache, values[0])


@given(rounds=st.lists(st.lists(STEPS, max_size=4), min_size=2, max_size=5))
@settings(max_examples=150, deadline=None)
def test_with_a_cache_everything_comes_to_the_same(rounds: list[list[tuple[str, ...]]]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "manifests"
        folder.mkdir()
        (folder / "declared.yaml").write_text(DECLARED, "utf-8")
        told: list[str] = []
        cache = open_manifest_cache(Path(name) / "state", folder, told.append)
        for steps in rounds:
            for step in steps:
                take(folder, cache.path, step)
            expected = outcome(folder)
            assert outcome(folder, cache) == expected
            assert outcome(folder, cache) == expected
        assert told == []


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_only_what_is_new_is_kept_and_nothing_that_is_gone(tmp_path: Path) -> None:
    store = Memory()
    files = {f"{name}.yaml": f"kind: User\nuserName: {name}\n" for name in "abc"}
    write(tmp_path, {"tenant.yaml": "kind: Tenant\nname: x\nendpoint: https://x.example/\n", **files})
    counts = []
    for change in (
        {},
        {},
        {"a.yaml": "kind: User\nuserName: d\n"},
        {"b.yaml": "kind: User\nuserNam: b\n"},
        {"b.yaml": files["b.yaml"], "mapping.yaml": MAPPINGS[1]},
    ):
        write(tmp_path, change)
        store.counts.clear()
        outcome(tmp_path, store)
        counts.append((store.counts["found"], store.counts["new"], len(store.kept)))
    assert counts == [(0, 3, 3), (3, 0, 3), (2, 1, 3), (2, 0, 3), (0, 3, 3)]


def test_what_is_wrong_between_files_is_told_at_its_place(tmp_path: Path) -> None:
    store = Memory()
    lists = {f"{name}.yaml": f"kind: Users\nusers:\n  - title: x\n    userName: {name}\n" for name in "abc"}
    write(tmp_path, lists)
    outcome(tmp_path, store)
    (tmp_path / "a.yaml").write_text("kind: Users\nusers:\n  - {userName: C, groups: [Unknown]}\n", "utf-8")
    (tmp_path / "b.yaml").replace(tmp_path / "e.yaml")
    expected = outcome(tmp_path)
    assert expected == [
        "a.yaml:3:28: group `Unknown` is not declared",
        "c.yaml:4:5: two users with userName `c`: also at a.yaml:3",
    ]
    assert (outcome(tmp_path, store), store.counts["found"]) == (expected, 2)


def test_equal_values_of_kept_files_are_one_object(tmp_path: Path) -> None:
    store = Memory()
    user = "kind: User\ntitle: Duty Manager\nroles: [analyst]\nuserName: "
    write(tmp_path, {f"{name}.yaml": f"{user}{name}\n" for name in "abc"})
    for _ in range(2):
        users = open_manifests(tmp_path).read(store).desired.users
        values = [value for each in users for name, value in each.attributes.items() if name != "userName"]
        names = [name for each in users for name in each.attributes]
        assert [len(set(map(id, found))) for found in (values, names)] == [3, 4]


def test_a_group_with_many_members(tmp_path: Path) -> None:
    names = [f"u{number}" for number in range(5000)]
    write(tmp_path, {
        "users.yaml": "kind: Users\nusers:\n" + "".join(f"  - userName: {name}\n" for name in names),
        "group.yaml": f"kind: Group\ndisplayName: Everybody\nmembers: [{', '.join(names)}]\n",
    })  # fmt: skip
    store = Memory()
    manifests = [open_manifests(tmp_path).read(each) for each in (None, store, store)]
    assert manifests[0] == manifests[1] == manifests[2]
    assert store.counts == {"found": 2, "new": 2}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"[[],[[]]]", b'[[[["title"],[],null,false],[0],[1],[1],null,null,[1]],[]]']
)
def test_what_no_version_wrote_is_read_anew(tmp_path: Path, body: bytes) -> None:
    write(tmp_path, {"a.yaml": "kind: User\nuserName: a\n"})
    store = Memory()
    expected = outcome(tmp_path, store)
    store.kept = dict.fromkeys(store.kept, body)
    assert outcome(tmp_path, store) == expected


def test_what_depends_on_the_time_is_kept_for_that_time(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(
        "kind: Mapping\nresource: User\nattributes: {title: {expression: 'CStr(Now())'}}\n", encoding="utf-8"
    )
    (tmp_path / "users.yaml").write_text("kind: User\nuserName: ann\n", encoding="utf-8")
    store = Memory()
    for day, found in ((1, 0), (1, 1), (2, 1)):
        read = open_manifests(tmp_path, datetime(2026, 11, day, tzinfo=UTC)).read(store)
        assert read.desired.users[0].attributes["title"] == f"11/{day}/2026 12:00:00 AM"
        assert store.counts["found"] == found

"""Mapped records of whole files, kept between runs by what the files hold.

What is kept depends on a file's bytes, the rules of both types, the time zones known and this code, and on nothing
else; the key covers all of it. A file's name is not part of it, so a renamed file is known. Only records without any
problem are kept, in columns: those of equal attributes go through the parser as one list each, several times as fast
as a map for each record.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from hashlib import sha256
from itertools import count, islice, repeat
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any, Protocol

from pydantic_core import from_json, to_json

import reconciler
from reconciler.core.model import Member, Record, ResourceType, Source
from reconciler.mapping.shapes import MAX_SHARED, SHARED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from reconciler.core.model import Choices
    from reconciler.manifests.files import ManifestFile
    from reconciler.manifests.records import Records
    from reconciler.mapping.rules import Mapping as Rules

FILES_AT_ONCE = 500
_ROOMS = ("manifests", "mapping", "core")
_USER, _GROUP = ResourceType.USER, ResourceType.GROUP


class Store(Protocol):
    """Bytes by key, kept between runs. Whatever goes wrong in it counts as nothing kept."""

    def get(self, keys: Collection[bytes]) -> dict[bytes, bytes]:
        """What is kept under these keys, some hundreds."""

    def put(self, new: Mapping[bytes, bytes], used: Collection[bytes]) -> None:
        """Keep more; what is kept under other keys than those in use may go."""


class KeptRecords:
    """The records of a manifest set's files, as far as `store` has them for these rules; to be asked in their order.

    `known`: what else they depend on.
    """

    def __init__(
        self, store: Store, rules: Mapping[ResourceType, Rules], known: Iterable[str], files: Iterable[ManifestFile]
    ) -> None:
        self._store = store
        self._base = _digest(rules, known)
        self._used = dict.fromkeys(self._key(file) for file in files)
        self._ahead = iter(list(self._used))
        self._asked: frozenset[bytes] = frozenset()
        self._kept: dict[bytes, bytes] = {}
        self._new: dict[bytes, bytes] = {}
        self._unpacker = _Unpacker()

    def find(self, file: ManifestFile) -> Records | None:
        """The records of a file, if they are kept."""
        key = self._key(file)
        if key not in self._asked:
            self._asked = frozenset(islice(self._ahead, FILES_AT_ONCE))
            self._kept = self._store.get(self._asked)
        body = self._kept.get(key)
        if body is None:
            return None
        try:
            return self._unpacker.unpack(body, file.name)
        except (ValueError, TypeError, LookupError):
            return None

    def add(self, file: ManifestFile, records: Records) -> None:
        """Keep the records of a file without problems, once `save` is called."""
        try:
            self._new[self._key(file)] = _pack(records)
        except ValueError:  # text with half a surrogate pair
            self._used.pop(self._key(file), None)

    def save(self) -> None:
        """Keep what was added, and nothing of files that are gone."""
        self._store.put(self._new, self._used.keys())

    def _key(self, file: ManifestFile) -> bytes:
        return sha256(self._base + file.digest).digest()


def _digest(rules: Mapping[ResourceType, Rules], known: Iterable[str]) -> bytes:
    """Of all but the files that records depend on: the rules, what else is known, the version and the code itself."""
    said = repr((reconciler.__version__, sorted(rules.items()), sorted(known))).encode()
    return sha256(_digest_code() + said).digest()


@cache
def _digest_code() -> bytes:
    digest = sha256()
    for room in _ROOMS:
        for module in sorted(Path(reconciler.__file__).parent.joinpath(room).rglob("*.py")):
            digest.update(module.read_bytes())
    return digest.digest()


def _pack(records: Records) -> bytes:
    """The records of one file. Raises ValueError for what is no text."""
    return to_json([_pack_type(records[resource]) for resource in (_USER, _GROUP)])  # no manifest has NaN


def _pack_type(records: list[Record]) -> list[Any]:
    """Records by shape: what is the same for all, then their places in the list, lines and so on, a column each."""
    shapes: defaultdict[tuple[Any, ...], list[tuple[int, Record]]] = defaultdict(list)
    for index, each in enumerate(records):
        has = each.groups is not None, each.members is not None
        shape = tuple(each.attributes), each.create_only, each.only_empty, *has, each.membership, each.adopt
        shapes[shape].append((index, each))
    return [
        [
            (names, sorted(create_only), sorted(only_empty), membership, adopt),
            [index for index, _ in found],
            [each.source.line for _, each in found],
            [each.source.column for _, each in found],
            [each.groups for _, each in found] if has_groups else None,
            [_pack_members(each.members or ()) for _, each in found] if has_members else None,
            [each.choices for _, each in found] if any(each.choices for _, each in found) else None,
            [each.outside for _, each in found] if any(each.outside for _, each in found) else None,
            list(map(_pack_column, names, zip(*[each.attributes.values() for _, each in found], strict=True))),
        ]
        for (names, create_only, only_empty, has_groups, has_members, membership, adopt), found in shapes.items()
    ]


def _pack_members(members: Iterable[Member]) -> list[str | list[str]]:
    return [name if resource is _USER else [name] for resource, name in members]


def _pack_column(name: str, values: Sequence[Any]) -> Sequence[Any]:
    """The values themselves; where many are equal, a table of them, and which each is."""
    if name not in SHARED:
        return values
    are_texts = {str}.issuperset(map(type, values))  # 1 is not true
    identities = values if are_texts else [value if type(value) is str else id(value) for value in values]
    table = dict(zip(identities, values, strict=True))
    numbers = dict(zip(table, count()))
    return [list(table.values()), list(map(numbers.__getitem__, identities))]


class _Unpacker:
    """Unpacks the records of one file after the other; what the mapper would share among them is shared."""

    def __init__(self) -> None:
        self._shared: defaultdict[str, dict[str | bytes, Any]] = defaultdict(dict)
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def unpack(self, body: bytes, file: str) -> Records:
        """The records of a file that has this name now."""
        users, groups = from_json(body, cache_strings="keys")
        return {_USER: self._unpack_type(_USER, users, file), _GROUP: self._unpack_type(_GROUP, groups, file)}

    def _unpack_type(self, resource: ResourceType, shapes: list[Any], file: str) -> list[Record]:
        placed: dict[int, Record] = {}
        for (
            names,
            *special,
            membership,
            adopt,
        ), indexes, lines, columns, groups, members, choices, outside, values in shapes:
            create_only, only_empty = (self._share_set(paths) for paths in special)
            records = map(
                Record._make,
                zip(
                    repeat(resource),
                    map(Source._make, zip(repeat(file), lines, columns)),
                    self._attributes([intern(name) for name in names], values, len(indexes)),
                    repeat(create_only),
                    repeat(None) if groups is None else map(tuple, groups),
                    repeat(None) if members is None else map(_unpack_members, members),
                    repeat(membership),
                    repeat(adopt),
                    repeat(only_empty),
                    repeat(()) if choices is None else map(_unpack_choices, choices),
                    repeat(None) if outside is None else outside,
                ),
            )
            placed.update(zip(indexes, records, strict=True))
        return [placed[index] for index in range(len(placed))]

    def _share_set(self, paths: list[str]) -> frozenset[str]:
        once = frozenset(map(intern, paths))
        return self._sets.setdefault(once, once)

    def _attributes(self, names: list[str], values: list[Any], count: int) -> list[dict[str, Any]]:
        if not names:
            return [{} for _ in range(count)]
        columns = [self._column(name, each) for name, each in zip(names, values, strict=True)]
        return [dict(zip(names, row)) for row in zip(*columns, strict=True)]  # noqa: B905 - of one length each

    def _column(self, name: str, values: list[Any]) -> list[Any]:
        if name not in SHARED:
            return values
        table, numbers = values
        return list(map([self._share(name, each) for each in table].__getitem__, numbers))

    def _share(self, name: str, value: Any) -> Any:
        shared, identity = self._shared[name], value if type(value) is str else to_json(value)
        if identity not in shared and len(shared) >= MAX_SHARED:
            return value
        return shared.setdefault(identity, value)


def _unpack_choices(choices: list[Any]) -> Choices:
    return tuple((intern(path), tuple(candidates)) for path, candidates in choices)


def _unpack_members(members: list[Any]) -> tuple[Member, ...]:
    return tuple([Member(_GROUP, *each) if type(each) is list else Member(_USER, each) for each in members])

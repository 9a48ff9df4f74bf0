"""Which records go into which file, and what the records of a file have in common."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.core.model import Attributes, Value
    from reconciler.manifests.writing import WrittenRecord

    Filed = tuple[WrittenRecord, str]
    Files = dict[str, list[WrittenRecord]]

Split = Literal["auto", "organization", "chunks", "one"]
FEW = 200
"""Records that one file holds well."""
WORTH_A_FILE = 5
"""Records that an organisation has on average, for a file each to be worth it."""
LINES = 10_000
"""Lines of a file of groups, about: a member takes one."""
COMMON_SHARE = 0.6
"""Share of a file's records that have the same value, for it to become the default."""
NOWHERE = "no-organization"
_RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)\d")
"""Names that Windows does not give to files."""
MAX_SLUG = 60


def split_users(filed: Sequence[Filed], split: Split, size: int) -> Files:
    """Records with the names of their organisations ("" for none), by file, in the order given.

    `size`: the most records a file has, but where all are to go into one.
    """
    if split == "auto":
        split = _choose(filed)
    if split == "one":
        return {"users.yaml": [record for record, _ in filed]}
    if split == "chunks":
        return dict(_chunks("users", [record for record, _ in filed], size))
    by_organization: Files = {}
    for record, organization in filed:
        by_organization.setdefault(organization, []).append(record)
    names = name_files(by_organization)
    return {
        path: chunk
        for organization in sorted(by_organization, key=lambda each: names[each])
        for path, chunk in _organization(f"users/{names[organization]}", by_organization[organization], size)
    }


def split_groups(records: Sequence[WrittenRecord]) -> Files:
    """Groups by file, in the order given: one file as long as it is not too long."""
    chunks: list[list[WrittenRecord]] = [[]]
    lines = 0
    for record in records:
        members = record.given.get("members")
        weight = len(record.given) + len(record.notes) + (len(members) if isinstance(members, list) else 0)
        if lines and lines + weight > LINES:
            chunks.append([])
            lines = 0
        lines += weight
        chunks[-1].append(record)
    return {"groups.yaml": chunks[0]} if len(chunks) == 1 else dict(_numbered("groups", chunks))


def find_defaults(records: Sequence[WrittenRecord], candidates: Iterable[str]) -> Attributes:
    """What most of the records share, of attributes that all of them have: none is to get what it lacks."""
    defaults: Attributes = {}
    for name in candidates:
        values = [record.given[name] for record in records if name in record.given]
        if len(values) < max(len(records), 2):
            continue
        value, count = _most_common(values)
        if count >= max(2, COMMON_SHARE * len(records)):
            defaults[name] = value
    return defaults


def without_defaults(record: WrittenRecord, defaults: Attributes) -> WrittenRecord:
    """The record without what the defaults say already."""
    own = {name: each for name, each in record.given.items() if name not in defaults or defaults[name] != each}
    return record._replace(given=own)


def name_files(organizations: Iterable[str]) -> Mapping[str, str]:
    """Names of files, without ending, that every system takes; where two would be the same, both get a digest."""
    slugs = {each: _slug(each) for each in organizations}
    uses = Counter(slugs.values())
    return {
        each: slug if uses[slug] == 1 else f"{slug}-{sha256(each.encode()).hexdigest()[:8]}"
        for each, slug in slugs.items()
    }


def _choose(filed: Sequence[Filed]) -> Split:
    organizations = {organization for _, organization in filed}
    if len(filed) <= FEW:
        return "one"
    worth_it = len(organizations - {""}) > 1 and len(filed) >= WORTH_A_FILE * len(organizations)
    return "organization" if worth_it else "chunks"


def _organization(path: str, records: list[WrittenRecord], size: int) -> Iterator[tuple[str, list[WrittenRecord]]]:
    return _chunks(path, records, size) if len(records) > size else iter([(f"{path}.yaml", records)])


def _chunks(folder: str, records: list[WrittenRecord], size: int) -> Iterator[tuple[str, list[WrittenRecord]]]:
    return _numbered(folder, [records[start : start + size] for start in range(0, len(records), size)] or [[]])


def _numbered(folder: str, chunks: list[list[WrittenRecord]]) -> Iterator[tuple[str, list[WrittenRecord]]]:
    digits = max(3, len(str(len(chunks))))
    return ((f"{folder}/{number:0{digits}}.yaml", chunk) for number, chunk in enumerate(chunks, 1))


def _most_common(values: list[Value]) -> tuple[Value, int]:
    """The first of the values that most have; texts and lists of texts only are comparable so."""
    counts = Counter(map(_comparable, values))
    (best, count), *_ = counts.most_common(1)
    return next(value for value in values if _comparable(value) == best), count


def _comparable(value: Value) -> str:
    return f"{type(value).__name__} {value!r}"


def _slug(name: str) -> str:
    if not name:
        return NOWHERE
    apart = "".join(unicodedata.normalize("NFKD", each) for each in name)  # long rows of marks take for ever at once
    plain = apart.encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_SLUG].strip("-")
    if not slug or _RESERVED.fullmatch(slug):
        return f"{slug or 'organization'}-{sha256(name.encode()).hexdigest()[:8]}"
    return slug

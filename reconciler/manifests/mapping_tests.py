"""Tests in Mapping documents: given a record, expect these attributes, or that it is out of scope."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.core.normalise import is_empty
from reconciler.core.suggest import did_you_mean
from reconciler.manifests.documents import MappingDocument
from reconciler.manifests.profiles import short_names
from reconciler.manifests.records import STRUCTURE
from reconciler.mapping.clock import parse_clock
from reconciler.mapping.mapper import RecordMapper
from reconciler.mapping.target_paths import TargetProblem, resolve_target
from reconciler.mapping.targets import map_value
from reconciler.mapping.values import ValueProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reconciler.core.model import Attributes, ResourceType, Value
    from reconciler.manifests.documents import MappingTestDocument
    from reconciler.mapping.mapper import Mapped
    from reconciler.mapping.rules import Mapping
    from reconciler.mapping.targets import Zones

Failure = tuple[tuple[str | int, ...], str]
"""A path in the Mapping document, and what was expected there and what came out."""


def run_tests(document: dict[str, Value], mapping: Mapping, zones: Zones, now: datetime) -> Iterator[Failure]:
    """What fails of the tests that a valid Mapping document carries.

    `now` is what Now() gives, where a test has no `at` of its own.
    """
    for index, test in enumerate(MappingDocument.model_validate(document).tests):
        for path, message in _run(test, mapping, zones, now):
            named = f"test `{test.name}`: {message}" if test.name else message
            yield ("tests", index, *path), named


def _run(test: MappingTestDocument, mapping: Mapping, zones: Zones, now: datetime) -> Iterator[Failure]:
    known = mapping.sources().union(STRUCTURE[mapping.resource])
    for name in test.record:
        if name not in known:
            yield ("record", name), f"unknown attribute `{name}`{did_you_mean(name, known)}"
    if test.at is not None:
        try:
            now = parse_clock(test.at)
        except ValueError as error:
            yield ("at",), str(error)
    mapped = RecordMapper(mapping, zones, now).map_record(test.record)
    for path, message in mapped.problems:
        yield ("record", *path), message
    if mapped.outside is not None and test.expect is not None:
        yield ("expect",), f"expected to be in scope, is not: {mapped.outside}"
    elif mapped.outside is None and test.out_of_scope:
        yield ("outOfScope",), "expected to be out of scope, is in scope"
    elif not mapped.problems:
        yield from _compare(test.expect or {}, mapped, mapping.resource, zones)


def _compare(expected: Attributes, mapped: Mapped, resource: ResourceType, zones: Zones) -> Iterator[Failure]:
    for text, value in expected.items():
        path = ("expect", text)
        try:
            wanted = map_value(resource, resolve_target(resource, text, short_names(resource)), value, zones)
        except TargetProblem as problem:
            yield path, str(problem)
        except ValueProblem as problem:
            yield (*path, *problem.path), f"`{text}`: {problem}"
        else:
            for target, want in wanted.items():
                have = mapped.attributes.get(target)
                if want != have and not (is_empty(want) and is_empty(have)):
                    yield path, f"`{text}`: expected {_shown(want)}, is {_shown(have)}"


def _shown(value: Value) -> str:
    return "no value" if is_empty(value) else json.dumps(value, ensure_ascii=False)

"""The use case `drift --adopt`: what 4me has is written into the manifests, where somebody changed it there.

Nothing is written before the changed manifests were read and planned anew: what is adopted is then no difference any
more, and no other difference has come up.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reconciler.core.drift import DriftKind
from reconciler.core.model import Member, ResourceType
from reconciler.core.paths import MANAGER
from reconciler.core.plan import make_plan
from reconciler.errors import ManifestError, OperatorError, ReconcilerError
from reconciler.manifests.files import is_manifest
from reconciler.manifests.read import open_manifests
from reconciler.manifests.rewriting import rewrite_records, write_files
from reconciler.mapping.adoption import Written, concerned, plan_adoption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.core.model import Attributes, Live, Record
    from reconciler.core.plan_model import Action
    from reconciler.drift import Drifted
    from reconciler.manifests.rewriting import Rewritten
    from reconciler.mapping.adoption import Refusal
    from reconciler.session import PlanOptions

UNASKED = (DriftKind.DRIFT,)
"""What is adopted where no resource is named: what nobody but 4me's side changed."""
NAMED = (DriftKind.DRIFT, DriftKind.CONFLICT, DriftKind.UNKNOWN, DriftKind.TOLERATED)
"""What is adopted of resources that are named: 4me's side wins."""
Difference = tuple[ResourceType, str, str]
"""A resource's type, its id, and an attribute path or a membership."""


@dataclass(frozen=True, slots=True)
class Adopting:
    """The files as they are to be, the differences that this takes in, and what cannot be adopted."""

    files: tuple[Rewritten, ...]
    adopted: tuple[Action, ...]
    refused: tuple[Refusal, ...]


def prepare_adoption(drifted: Drifted, options: PlanOptions) -> Adopting:
    """What the manifests would be with 4me's values in them; nothing is written.

    Of named targets everything but what is pending is adopted, else only drift. Raises OperatorError where that cannot
    be told apart, and where the changed manifests would not be right.
    """
    if drifted.drift.origin is None and drifted.planned.plan.actions and not options.targets:
        raise OperatorError(
            "it is not known what was last applied, so that what waits to be applied would be undone",
            hint="name the git revision with --base REV, or what to adopt with --target KEY",
        )
    actions = drifted.drift.of(*(NAMED if options.targets else UNASKED))
    manifests = drifted.planned.manifests
    written, into = _written(drifted, options, concerned(actions))
    declared = {Member(each.type, each.key): each for each in (*manifests.desired.users, *manifests.desired.groups)}
    mappings = {ResourceType.USER: manifests.user_mapping, ResourceType.GROUP: manifests.group_mapping}
    undeclared = _undeclared(actions, drifted) if into else {}
    while True:
        adoption = plan_adoption(actions, written, declared, mappings, undeclared)
        files = rewrite_records(options.manifests, adoption.edits, adoption.added, into)
        wrong = _find_wrong(files, adoption.adopted, drifted, options) if files else []
        if not wrong:
            return Adopting(files, adoption.adopted, adoption.refused)
        ids = {id_ for type_, id_, _ in wrong if type_ is ResourceType.USER}
        fitting = {key: found for key, found in undeclared.items() if found[0].id not in ids}
        if len(fitting) == len(undeclared):
            told = ", ".join(f"{type_.value} {id_}: {what}" for type_, id_, what in wrong)
            raise OperatorError(
                f"nothing was written: 4me would still differ, or anew, in {told}", hint="change this by hand"
            )
        undeclared = fitting


def adopt(adopting: Adopting, options: PlanOptions) -> None:
    """Write the files, all or none. Raises OperatorError."""
    write_files(options.manifests, adopting.files)


def _undeclared(actions: Iterable[Action], drifted: Drifted) -> dict[str, tuple[Live, str | None]]:
    """The users among these that no record is about, and their managers' keys."""
    ids = {action.id for action in actions if action.type is ResourceType.USER and action.source is None}
    keys = drifted.planned.changeset.names.keys[ResourceType.USER]
    found = [live for live in drifted.planned.live.users if live.id in ids] if ids else []
    return {live.key: (live, keys.get(str(live.attributes.get(MANAGER)))) for live in found}


def _written(drifted: Drifted, options: PlanOptions, wanted: frozenset[Member]) -> tuple[dict[Member, Written], str]:
    """The records of these users and groups, as their authors wrote them, and the file that has most users in lists."""
    heard: dict[Member, Written] = {}
    files: Counter[str] = Counter()

    def listen(given: Attributes, record: Record) -> None:
        key = record.attributes.get("userName" if record.type is ResourceType.USER else "displayName")
        name = Member(record.type, str(key))
        if name in wanted:
            heard[name] = Written(given, record)
        if record.type is ResourceType.USER and record.source.column > 1 and is_manifest(record.source.file):
            files[record.source.file] += 1

    if wanted:
        manifests = open_manifests(options.manifests, drifted.now, listen).read()
        if manifests.digest != drifted.planned.manifests.digest:
            raise OperatorError("the manifests changed while they were looked at", hint="run it again")
    return heard, max(files, key=files.__getitem__, default="")


def _find_wrong(
    files: Iterable[Rewritten], adopted: Iterable[Action], drifted: Drifted, options: PlanOptions
) -> list[Difference]:
    """The differences that would still be there, or be new, with the manifests as they would be.

    Raises OperatorError where these would have problems.
    """
    with TemporaryDirectory(prefix="reconciler-") as made:
        copy = Path(made) / "manifests"
        shutil.copytree(options.manifests, copy, ignore=shutil.ignore_patterns(".*"))
        for file in files:
            (copy / file.name).write_bytes(file.after.encode())
        try:
            manifests = open_manifests(copy, drifted.now).read()
            changeset = make_plan(manifests.desired, drifted.planned.live, drifted.planned.request)
        except ReconcilerError as error:
            problems = error.problems if isinstance(error, ManifestError) else (error.message,)
            raise OperatorError(
                "nothing was written: with 4me's values the manifests would not be right: "
                + "; ".join(map(str, problems)),
                hint="adopt less with --target, or change them by hand",
            ) from None
    before = set(_differences(drifted.planned.plan.actions))
    after = set(_differences(changeset.actions))
    return sorted((after & set(_differences(adopted))) | (after - before))


def _differences(actions: Iterable[Action]) -> Iterator[Difference]:
    for action in actions:
        id_ = action.id or action.key
        for change in action.changes:
            yield action.type, id_, change.path
        for sign, members in (("+", action.members.add), ("-", action.members.remove)):
            for member in members:
                yield action.type, id_, f"{sign} {member.name}"

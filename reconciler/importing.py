"""The use case `import`: a live tenant as manifests that plan to nothing.

read live -> what can be declared -> map backwards -> split into files -> read those as any manifests -> plan -> place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.declarable import take_inventory
from reconciler.core.directory import Question
from reconciler.core.plan import make_plan
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.errors import OperatorError, UsageError
from reconciler.folder import list_files, place, stage
from reconciler.imported_files import ImportedFiles, Layout, is_imported
from reconciler.manifests.read import read_manifests
from reconciler.mapping.reverse import Reverser
from reconciler.planning import plan_request
from reconciler.session import connect, open_session
from reconciler.settings import choose_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from reconciler.core.declarable import Inventory
    from reconciler.core.model import LiveState
    from reconciler.core.plan import Changeset
    from reconciler.manifests.read import Manifests
    from reconciler.manifests.splitting import Split
    from reconciler.session import PlanOptions, Session


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to import: `size` is the most users a file has, `today` is told in the files.

    `force`: what an earlier import wrote into `out` is replaced.
    """

    out: Path
    today: str
    include_inactive: bool = False
    split: Split = "auto"
    size: int = 500
    force: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What was written: records by file. `notes`: what is not in it, or in another way than might be expected.

    `remaining`: what a plan of it would do all the same.
    """

    files: Mapping[str, int]
    inventory: Inventory
    notes: tuple[str, ...]
    remaining: Changeset
    live: LiveState


def import_live(options: PlanOptions, what: ImportOptions) -> Imported:
    """Read a tenant whole and write it as manifests, its Tenant and Mapping documents included.

    Raises OperatorError where there is something at `what.out` that this does not replace; nothing is written then.
    """
    _check_place(options.manifests, what)
    with open_session(options) as session:
        return _import_session(session, options, what)


def _import_session(session: Session, options: PlanOptions, what: ImportOptions) -> Imported:
    manifests = session.manifests()
    _check_mapping(manifests, what)
    with connect(session, options) as directory:
        reading = directory.reader.read(Question(tuple, full=True))
    if not reading.live.summary.complete:
        raise OperatorError(
            "the read was not provably complete, nothing was written: " + "; ".join(reading.live.notes),
            hint="somebody changes users at the moment: try again",
        )
    if reading.snapshot:
        session.store.save(reading.snapshot, reading.relied_on)
    match = {each.resource: each.match for each in (manifests.user_mapping, manifests.group_mapping)}
    inventory = take_inventory(reading.live, match, include_inactive=what.include_inactive)
    writing = ImportedFiles(session.tenant, manifests, inventory, Layout(what.split, what.size, what.today))
    files = writing.render(options.manifests)
    with stage(files, what.out.absolute().parent) as staged:
        remaining = _plan(staged, reading.live, options, session)
        outdated = _check_taken(what, files)
        place(staged, what.out, outdated)
    return Imported(writing.counts, inventory, writing.notes(), remaining, reading.live)


def _check_place(manifests: Path, what: ImportOptions) -> None:
    source, out = manifests.resolve(), what.out.resolve()
    if out == source or source in out.parents or out in source.parents:
        raise UsageError(
            f"{what.out} and {manifests} lie in each other: they would be read as one set of manifests",
            hint="name another folder with --out; once you are content with it, it takes the place of the first",
        )
    if what.out.exists() and not what.out.is_dir():
        raise OperatorError(f"{what.out} is a file", hint="name a folder with --out")
    found = [] if what.force else _find_manifests(what.out)
    if found:
        raise OperatorError(
            f"{what.out} holds manifests already: {list_files(found)}",
            hint="name another folder with --out, or replace what an earlier import wrote with --force",
        )


def _find_manifests(folder: Path) -> list[str]:
    paths = [*folder.rglob("*.yaml"), *folder.rglob("*.yml")] if folder.is_dir() else []
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _check_taken(what: ImportOptions, files: Iterable[str]) -> list[str]:
    """What an earlier import wrote and this one does not. Raises OperatorError where others wrote manifests there."""
    others, foreign = [], []
    for name in _find_manifests(what.out):
        with (what.out / name).open(encoding="utf-8", errors="replace") as file:
            is_ours = is_imported(file.readline())
        if not is_ours:
            foreign.append(name)
        elif name not in files:
            others.append(name)
    if foreign:
        raise OperatorError(
            f"{what.out} holds manifests that no import wrote: {list_files(foreign)}",
            hint="they would be read together: name another folder with --out",
        )
    return others


def _check_mapping(manifests: Manifests, what: ImportOptions) -> None:
    for mapping in (manifests.user_mapping, manifests.group_mapping):
        key = KEY_ATTRIBUTE[mapping.resource]
        if not Reverser(mapping).names_key:
            raise OperatorError(
                f"the mapping computes {key}, which cannot be turned round: no record could be written",
                hint=f"import with a direct rule for `{key}`, such as `{key}: {key}`",
            )
    if what.include_inactive and not Reverser(manifests.user_mapping).says_inactive:
        raise OperatorError(
            "the mapping has no direct rule for `active`: inactive users cannot be told from others",
            hint="leave out --include-inactive, or add the rule `active: active`",
        )


def _plan(folder: Path, live: LiveState, options: PlanOptions, session: Session) -> Changeset:
    """What a plan of these manifests would do to live state as it was just read."""
    written = read_manifests(folder, options.at)
    tenant = choose_tenant(written.tenants, session.tenant.name)
    return make_plan(written.desired, live, plan_request(tenant, written, options, session.identity))

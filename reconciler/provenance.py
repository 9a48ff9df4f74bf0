"""Where an apply comes from, for the journal: who, which commit of the manifests, which pipeline's run.

Asks git, which only reads.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from reconciler.errors import OperatorError
from reconciler.journal.writing import Approval, Origin
from reconciler.revisions import open_repository
from reconciler.settings import git_environment, repository, run_link, who

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.report.plan_json import SavedPlan


def trace_origin(manifests: Path, approved: SavedPlan | None, *, vouched: bool) -> Origin:
    """Where an apply of these manifests comes from. `vouched`: the approved plan's signature was checked, and holds."""
    approval = None
    if approved:
        keys = (approved.signature.key_id,) if vouched and approved.signature else ()
        approval = Approval(approved.plan.fingerprint, approved.digest, approved.plan.created_at, keys)
    commit, dirty = find_commit(manifests)
    return Origin(who(), commit, dirty, run_link(), approval)


def find_commit(manifests: Path) -> tuple[str | None, bool | None]:
    """The commit that the pipeline says, else the one that is checked out where the manifests are; None for neither.

    And whether the manifests differ from it; None where git cannot tell.
    """
    _, said = repository()
    try:
        head = open_repository(manifests, git_environment())
        commit = head.find_commit("HEAD").commit
    except OperatorError:
        return said or None, None
    if said and said != commit:
        return said, None
    done = head.run("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", ".")
    return commit, _differs(done.stdout, manifests, head.root) if done.returncode == 0 else None


def _differs(listing: bytes, manifests: Path, root: Path) -> bool:
    """Whether something differs that is read: what is hidden below the manifests folder is not."""
    folder = PurePath(manifests.resolve()).relative_to(root.resolve())
    paths = (PurePath(line[3:].decode("utf-8", "surrogateescape")) for line in listing.split(b"\0") if line)
    return any(not any(part.startswith(".") for part in path.relative_to(folder).parts) for path in paths)

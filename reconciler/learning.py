"""The use case `plan --learn`: equivalences for what the service stores its own way, written into the Tenant document.

Learned is only from what this state directory's runs sent and what became of it. Nothing is written before the changed
document was read again, and planned with: what was learned is no difference any more, and no other has come up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from reconciler.core.diff import live_value
from reconciler.core.equivalence import Equivalence, Equivalences
from reconciler.core.evidence import attributes_of, examples_of_writes, examples_unshown
from reconciler.core.learning import learn
from reconciler.core.model import ResourceType
from reconciler.core.normalise import fold, is_empty
from reconciler.core.paths import parse_path
from reconciler.core.plan import make_plan
from reconciler.errors import OperatorError
from reconciler.journal.past_writes import past_writes
from reconciler.journal.reading import any_of
from reconciler.manifests.equivalence_document import write_equivalences
from reconciler.manifests.read import open_manifests
from reconciler.manifests.rewriting import rewrite_list, write_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.core.evidence import Attribute
    from reconciler.core.learning import Learned
    from reconciler.core.model import LiveState
    from reconciler.core.plan_model import Action
    from reconciler.core.repeats import PastWrite, Repeat
    from reconciler.core.tenant import Tenant
    from reconciler.manifests.rewriting import Rewritten
    from reconciler.planning import Planned
    from reconciler.session import PlanOptions


@dataclass(frozen=True, slots=True)
class Learning:
    """The Tenant document's file as it is to be (None: it stays), what was learned, and what could not be."""

    file: Rewritten | None
    learned: tuple[Learned, ...]
    unexplained: tuple[Learned, ...]


def prepare_learning(planned: Planned, options: PlanOptions) -> Learning:
    """What can be learned from a plan and the journal; nothing is written.

    Raises OperatorError where the document cannot be changed, or would then not do what it is to do.
    """
    tenant = next(each for each in planned.manifests.tenants if each.name == planned.plan.tenant.name)
    known = tenant.equivalences
    concerned = attributes_of(planned.repeats, known)
    writes = _writes(concerned, planned, options)
    found = [_learn(planned, attribute, some, writes.get(attribute, ())) for attribute, some in concerned.items()]
    learned = tuple(each for each in found if not each.problem)
    unexplained = tuple(each for each in found if each.problem)
    if not learned:
        return Learning(None, (), unexplained)
    new = [each.rule for each in learned]
    file = rewrite_list(
        options.manifests, tenant.source, "equivalences", lambda documents: write_equivalences(documents, new)
    )
    rules = Equivalences({**known.rules, **Equivalences.of(new).rules})
    _check_text(file, tenant, rules)
    about = {(each.resource, each.attribute) for each in new}
    _check_plan(planned, rules, [each for attribute in about for each in concerned[attribute]])
    return Learning(file, learned, unexplained)


def write_learning(learning: Learning, options: PlanOptions) -> None:
    """Write the Tenant document. Raises OperatorError."""
    if learning.file:
        write_files(options.manifests, [learning.file])


def _learn(planned: Planned, attribute: Attribute, repeats: Sequence[Repeat], writes: Iterable[PastWrite]) -> Learned:
    resource, name = attribute
    rule = planned.request.equivalences.rules.get((resource, name.casefold()), Equivalence(resource, name))
    paths = dict.fromkeys(each.path for each in repeats)
    return learn(
        rule,
        [*examples_of_writes(writes, paths), *examples_unshown(repeats)],
        _live_values(planned.live, resource, paths),
    )


def _live_values(live: LiveState, resource: ResourceType, paths: Iterable[str]) -> frozenset[str]:
    """What the service has at these paths, of whomever, folded."""
    lives = live.users if resource is ResourceType.USER else live.groups
    values = (live_value(path, each.attributes) for path in paths for each in lives)
    return frozenset(fold(each) for each in values if not is_empty(each))


def _writes(
    concerned: Mapping[Attribute, object], planned: Planned, options: PlanOptions
) -> dict[Attribute, list[PastWrite]]:
    """All that earlier runs wrote of these attributes, of whomever."""
    found: dict[Attribute, list[PastWrite]] = {attribute: [] for attribute in concerned}
    names = {attribute: parse_path(attribute[1]).attribute for attribute in concerned}
    if not names:
        return found
    telling = any_of(*sorted(set(names.values())))
    for member, _, write in past_writes(options.state, planned.plan.tenant, telling):
        for attribute, name in names.items():
            if member.type is attribute[0] and any(path.startswith(name) for path in write.sent):
                found[attribute].append(write)
    return found


def _check_text(file: Rewritten, tenant: Tenant, rules: Equivalences) -> None:
    """The changed file declares the same tenant with just these rules."""
    with TemporaryDirectory(prefix="reconciler-") as made:
        copy = Path(made) / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.after.encode())
        tenants = open_manifests(Path(made)).tenants()
    again = next((each for each in tenants if each.name == tenant.name), None)
    if again is None or replace(again, source=tenant.source) != replace(tenant, equivalences=rules):
        raise OperatorError(f"{file.name} cannot be changed so that it says what was learned", hint="change it by hand")


def _check_plan(planned: Planned, rules: Equivalences, repeats: Iterable[Repeat]) -> None:
    """With these rules, what was learned from is no difference any more, and no other has come up."""
    request = replace(planned.request, equivalences=rules)
    after = set(_differences(make_plan(planned.manifests.desired, planned.live, request).actions))
    before = set(_differences(planned.plan.actions))
    left = after & {(each.type.value, each.key, each.path) for each in repeats}
    if left or after - before:
        told = ", ".join(f"{path} of {key}" for _, key, path in sorted(left | (after - before)))
        raise OperatorError(
            f"nothing was written: with what was learned there would still be, or anew, a difference in {told}",
            hint="write the equivalence by hand",
        )


def _differences(actions: Iterable[Action]) -> Iterator[tuple[str, str, str]]:
    for action in actions:
        for change in action.changes:
            yield action.type.value, action.key, change.path

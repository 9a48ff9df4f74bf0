"""What is told to people who did not start the run, with no more of others' data than is allowed."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from reconciler.core.digest import digest
from reconciler.core.drift import DriftKind
from reconciler.core.guards import explain_breach
from reconciler.core.plan import fingerprint
from reconciler.core.plan_model import OutcomeStatus
from reconciler.errors import (
    ManifestError,
    MatchError,
    NotApproved,
    NotSent,
    OperatorError,
    PartialApply,
    ReconcilerError,
    ServiceError,
    UsageError,
)
from reconciler.report.results import describe_action, name_action
from reconciler.report.words import safe, summary_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from reconciler.core.drift import Drift
    from reconciler.core.notifications import Detail, Topic
    from reconciler.core.plan_model import Outcome, Plan

SHOWN = 50
LONGEST = 500
_KINDS = {
    DriftKind.DRIFT: "changed in 4me",
    DriftKind.CONFLICT: "changed in 4me and in the manifests",
    DriftKind.PENDING: "changed in the manifests, not applied",
    DriftKind.UNKNOWN: "differs",
}
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (ManifestError, "The manifests have problems."),
    (MatchError, "Records and live resources cannot be paired one to one."),
    (NotSent, "The service's limits would have made it wait too long."),
    (ServiceError, "4me could not be asked, or what it answered is of no use."),
    (NotApproved, "An approved plan is missing, or is not accepted."),
    (PartialApply, "It was applied in part."),
    (UsageError, "The command line is wrong."),
    (OperatorError, "Settings, the token or local files are not usable."),
    (ReconcilerError, "It could not be done."),
)
_SPECIAL = re.compile(r"(?<!\w)@|\](?=\()|<(?=[!@#])")
"""What chat programs take for a mention or a link with a text of its own."""


class News(NamedTuple):
    """What happened. `headline` and `counts` tell nothing of anybody; `names` says who, `changes` everything.

    `identity` tells it from other news that would be told in the same words.
    """

    topic: Topic | Literal["test"]
    headline: str
    counts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    identity: str = ""

    @property
    def digest(self) -> str:
        """The same for the same news."""
        return digest([self.topic, self.headline, [*self.counts], [*self.changes], self.identity])


class Message(NamedTuple):
    """Plain text to send."""

    title: str
    body: str


TEST = News("test", "test message", ("If you can read this, news of this tenant arrives here.",))


def drift_news(plan: Plan, drift: Drift, counted: Collection[DriftKind]) -> News:
    """4me differs from the manifests in ways that count; what is not told apart always does."""
    kinds = [kind for kind in DriftKind if kind in counted or kind is DriftKind.UNKNOWN]
    found = [(kind, action) for kind in kinds for action in drift.of(kind)]
    numbers = Counter(f"{_KINDS[kind]}: {action.kind.value} {action.type.value}" for kind, action in found)
    return News(
        "drift",
        "drift found",
        (*_refusals(plan), *(f"{what}: {count}" for what, count in numbers.items())),
        tuple(f"{_KINDS[kind]}: {name_action(action)}" for kind, action in found),
        tuple(f"{_KINDS[kind]}: {describe_action(action)}" for kind, action in found),
        fingerprint(plan.tenant, [action for _, action in found]),
    )


def unapproved_news(command: str, error: Exception) -> News:
    """An approved plan was missing, or was not accepted."""
    counts = ("An approved plan is missing, or is not accepted.",)
    return News("refused", f"{command} refused", counts, changes=(safe(str(error)),))


def refused_news(plan: Plan, command: str) -> News:
    """A guard refused a plan."""
    names, changes = map(name_action, plan.actions), map(describe_action, plan.actions)
    counts = (*_refusals(plan), f"{summary_line(plan)}.")
    return News("refused", f"{command} refused", counts, tuple(names), tuple(changes), plan.fingerprint)


def failed_news(command: str, error: Exception, outcomes: Sequence[Outcome]) -> News:
    """A run failed, or an apply was done in part."""
    done = sum(1 for each in outcomes if each.status is OutcomeStatus.DONE)
    left = [each for each in outcomes if each.status is not OutcomeStatus.DONE]
    progress = (f"{done} of {len(outcomes)} actions done.",) if outcomes else ()
    if isinstance(error, PartialApply):
        way_on = "Run it again, it continues." if left else "Some of what was approved is no longer so: plan again."
        headline, counts = "applied in part", (*progress, way_on)
    else:
        headline, counts = f"{command} failed", (cause(error), *progress)
    names = tuple(f"{each.status.value}: {name_action(each.action)}" for each in left)
    details = tuple(f"{name}: {safe(each.detail)}" for name, each in zip(names, left, strict=True))
    message = safe(error.message) if isinstance(error, ReconcilerError) else ""
    return News("failed", headline, counts, names, (*((message,) if message else ()), *details))


def token_news(notice: str) -> News:
    """The token expires soon, or has expired."""
    return News("token", "token expires", (f"{notice[:1].upper()}{notice[1:]}.",))


def render_news(news: News, tenant: str, detail: Detail, link: str | None) -> Message:
    """News as far as `detail` allows; `link` leads to the run that found it."""
    return Message(f"reconciler: {tenant}: {news.headline}", "\n".join(_lines(news, detail, link)))


def _lines(news: News, detail: Detail, link: str | None) -> Iterator[str]:
    yield from news.counts
    told = {"counts": (), "names": news.names, "changes": news.changes}[detail]
    if told:
        yield ""
    yield from (f"- {_harmless(each)}" for each in told[:SHOWN])
    if len(told) > SHOWN:
        yield f"- and {len(told) - SHOWN} more"
    if link:
        yield from ("", f"Run: {link}")


def _refusals(plan: Plan) -> tuple[str, ...]:
    return tuple(f"Refused: {explain_breach(guard)[0]}." for guard in plan.guards if guard.breached)


def cause(error: Exception) -> str:
    """What went wrong by its kind, in words that tell nothing of anybody."""
    if isinstance(error, ServiceError) and error.status:
        return f"4me answered with HTTP status {error.status}."
    return next((text for kind, text in _CAUSES if isinstance(error, kind)), f"Unexpected {type(error).__name__}.")


def _harmless(text: str) -> str:
    """Text of bounded length in which nobody is called and nothing is a link that says it leads elsewhere."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return _SPECIAL.sub(lambda found: f"{found[0]}\N{ZERO WIDTH SPACE}", short)

"""Explanations of records: where each attribute comes from, and what that means for 4me."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from reconciler.core.diff import live_value
from reconciler.core.model import ResourceType
from reconciler.core.normalise import same
from reconciler.core.paths import MANAGER, short_path
from reconciler.core.plan_model import ActionKind
from reconciler.mapping.expressions.values import Ignore
from reconciler.report.words import columns, safe, show_member, show_path, show_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.model import Value
    from reconciler.mapping.explain import Explained, ExplainedRecord, InLive
    from reconciler.mapping.expressions.tracing import Step
    from reconciler.mapping.scope import FilterVerdict

LABEL, WIDTH = 9, 80
MEMBERS_SHOWN = 50
_WORDS = {
    ActionKind.CREATE: "created",
    ActionKind.UPDATE: "updated",
    ActionKind.REACTIVATE: "reactivated",
    ActionKind.DEACTIVATE: "deactivated",
}


def render_explanation(told: ExplainedRecord) -> str:
    """The whole of it as text."""
    lines = [f"{told.record.type.value} {safe(told.key)}  {safe(str(told.record.source))}"]
    lines += _scope_lines(told)
    lines += _live_lines(told)
    lines += _membership_lines(told)
    for each in told.rules:
        lines += ["", *_rule_lines(each, told)]
    return "\n".join(lines)


def explanation_as_values(told: ExplainedRecord) -> dict[str, Any]:
    """The whole of it as JSON values."""
    live = told.in_live
    source = told.record.source
    return {
        "resource": told.record.type.value,
        "key": told.key,
        "source": {"file": source.file, "line": source.line},
        "record": told.given,
        "outOfScope": told.record.outside,
        "scope": [
            {
                "name": each.name,
                "holds": each.holds,
                "clauses": [
                    {"clause": str(clause.clause), "value": clause.value, "holds": clause.holds}
                    for clause in each.clauses
                ],
            }
            for each in told.explanation.filters
        ],
        "match": None if live is None else {"attribute": live.matched_by, "id": live.live.id if live.live else None},
        "action": live.action.kind.value if live and live.action else None,
        "groups": list(told.groups),
        "members": None if told.members is None else [each.name for each in told.members],
        "attributes": [_rule_as_values(each, told) for each in told.rules],
    }


def render_steps(steps: Sequence[Step]) -> str:
    """The steps of an expression, one a line, with their values."""
    texts = [f"{'  ' * step.depth}{safe(step.text)}" for step in steps]
    width = min(max(map(columns, texts), default=0), 60)
    return "\n".join(
        f"{text}{' ' * (width - columns(text))}  = {_step_value(step)}" for text, step in zip(texts, steps, strict=True)
    )


def steps_as_values(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The steps of an expression as JSON values."""
    return [_step_as_values(step) for step in steps]


def _step_as_values(step: Step) -> dict[str, Any]:
    shown: dict[str, Any] = {"text": step.text, "depth": step.depth}
    if step.problem:
        return {**shown, "problem": step.problem}
    ignored = isinstance(step.value, Ignore)
    return {**shown, "value": None, "ignored": True} if ignored else {**shown, "value": step.value}


def _scope_lines(told: ExplainedRecord) -> Iterator[str]:
    if told.explanation.filters:
        yield "out of scope, as if it were not declared" if told.record.outside else "in scope"
    for verdict in told.explanation.filters:
        yield from _filter_lines(verdict)


def _filter_lines(verdict: FilterVerdict) -> Iterator[str]:
    yield f"  filter {safe(verdict.name)}: {'holds' if verdict.holds else 'does not hold'}"
    for clause in verdict.clauses:
        judged = "holds" if clause.holds else "does not hold"
        why = f" ({safe(clause.problem)})" if clause.problem else ""
        yield f"    {safe(str(clause.clause))}: {judged}, is {show_value(clause.value)}{why}"


def _live_lines(told: ExplainedRecord) -> Iterator[str]:
    live = told.in_live
    if live is None:
        return
    if live.live is None:
        yield f"not in 4me: nothing there has its {' or '.join(told.mapping.match)}"
    else:
        state = "" if live.live.active else ", inactive"
        yield f"in 4me: {safe(live.live.key)} (id {safe(live.live.id)}{state}), matched by {live.matched_by}"
    if told.record.outside is not None:
        removable = live.live is not None and live.live.active
        yield "a plan removes it, if it is owned" if removable else "a plan has nothing to do"
    else:
        yield f"a plan has it {_WORDS[live.action.kind]}" if live.action else "a plan has nothing to do"
    for warning in live.warnings:
        yield f"warning: {safe(warning)}"


def _membership_lines(told: ExplainedRecord) -> Iterator[str]:
    if told.groups:
        yield from wrap(f"member of {', '.join(map(safe, told.groups))}", WIDTH, subsequent_indent="  ")
    if told.record.type is ResourceType.GROUP and told.record.outside is None:
        members = told.members
        if members is None:
            yield "members: not managed"
            return
        names = [show_member(each) for each in members[:MEMBERS_SHOWN]]
        more = [f"and {len(members) - MEMBERS_SHOWN} more"] if len(members) > MEMBERS_SHOWN else []
        yield from wrap(f"members: {', '.join([*names, *more]) or 'none'}", WIDTH, subsequent_indent="  ")
    action = told.in_live.action if told.in_live else None
    for sign, side in (("+", action.members.add), ("-", action.members.remove)) if action else ():
        yield from (f"  {sign} {show_member(each)}  → to be changed" for each in side[:MEMBERS_SHOWN])


def _rule_lines(each: Explained, told: ExplainedRecord) -> Iterator[str]:
    rule = each.rule
    yield show_path(rule.target)
    if rule.expression:
        yield _labelled("rule", safe(rule.expression.text))
        yield from (f"    {line}" for line in render_steps(each.steps).splitlines())
    elif rule.source:
        yield _labelled("rule", f"attribute {safe(rule.source)} = {show_value(each.reads.get(rule.source))}")
    elif rule.only_empty:
        yield _labelled("rule", "only a default, for where 4me has no value")
    else:
        yield _labelled("rule", f"constant {show_value(rule.constant)}")
    if each.used_default:
        yield _labelled("default", show_value(rule.default))
    if each.choices:
        yield _labelled("choice", f"of {', '.join(map(safe, each.choices))}: the first that nobody has")
    if rule.apply == "create":
        yield _labelled("apply", "only when it is created")
    if not each.attributes:
        yield _labelled("desired", "not managed for this record" if told.record.outside is None else "out of scope")
    for path, value in each.attributes.items():
        part = "" if path == rule.target else f"{safe(short_path(path))} = "
        yield _labelled("desired", f"{part}{show_value(value)}")
        if told.in_live and told.in_live.live:
            live = _live(path, told.in_live)
            yield _labelled("live", f"{part}{show_value(live)}{_remark(path, value, live, told)}")


def _labelled(label: str, text: str) -> str:
    return f"  {label:<{LABEL}}{text}"


def _live(path: str, found: InLive) -> Value:
    if found.live is None:
        return None
    if path == "active":
        return found.live.active
    value = live_value(path, found.live.attributes)
    return found.names.get(value, value) if path == MANAGER and isinstance(value, str) else value


def _remark(path: str, desired: Value, live: Value, told: ExplainedRecord) -> str:
    action = told.in_live.action if told.in_live else None
    changes = action.changes if action else ()
    if any(each.path == path or each.path.startswith((f"{path}[", f"{path}.")) for each in changes):
        return "  → to be changed"
    if desired != live and not isinstance(desired, list) and same(desired, live):
        return "  (means the same)"
    return ""


def _step_value(step: Step) -> str:
    if step.problem:
        return f"cannot be evaluated: {safe(step.problem)}"
    return "(not written)" if isinstance(step.value, Ignore) else show_value(step.value)


def _rule_as_values(each: Explained, told: ExplainedRecord) -> dict[str, Any]:
    rule, live = each.rule, told.in_live
    kind = (
        "expression" if rule.expression else "source" if rule.source else "default" if rule.only_empty else "constant"
    )
    shown: dict[str, Any] = {
        "target": rule.target,
        "rule": {kind: rule.expression.text if rule.expression else rule.source or rule.constant},
        "apply": rule.apply,
        "reads": each.reads,
        "steps": steps_as_values(each.steps),
        "usedDefault": each.used_default,
        "managed": bool(each.attributes),
        "desired": each.attributes,
    }
    if live and live.live:
        shown["live"] = {path: _live(path, live) for path in each.attributes}
    return shown

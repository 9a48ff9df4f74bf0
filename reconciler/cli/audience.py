"""Who may read what a command says: `--audience public` conceals people and values in all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.cli.console import Console
    from reconciler.core.access import AccessDiff
    from reconciler.core.access_diff import Declared
    from reconciler.core.drift import Drift
    from reconciler.core.model import DesiredState, LiveState
    from reconciler.core.plan_model import Action, Outcome, Plan
    from reconciler.core.stored import Stored
    from reconciler.errors import Problem, ReconcilerError
    from reconciler.report.redaction.people import People
    from reconciler.report.redaction.redactor import Redactor

INTERNAL, PUBLIC = AUDIENCES = ("internal", "public")
VARIABLE = "RECONCILER_AUDIENCE"
"""Sets it for all commands at once."""


def _hear(context: click.Context, _parameter: click.Parameter, value: str) -> None:
    if value == PUBLIC and context.obj is not None:
        context.obj.heard.public = True
        context.obj.heard.offline = context.info_name == "diff"


audience_option = click.option(
    "--audience",
    type=click.Choice(AUDIENCES),
    default=INTERNAL,
    show_default=True,
    envvar=VARIABLE,
    callback=_hear,
    expose_value=False,
    help="public: people as pseudonyms, values hidden, in every format.",
)


def redactor(console: Console) -> Redactor | None:
    """What conceals, where the public reads along. Raises OperatorError where the key in the environment is none."""
    if not console.heard.public:
        return None
    if console.heard.redactor is None:
        from reconciler.report.redaction.pseudonyms import Pseudonyms
        from reconciler.report.redaction.redactor import Redactor

        console.heard.redactor = Redactor(Pseudonyms(_key(console)))
    return console.heard.redactor


def shown_plan(console: Console, plan: Plan) -> Plan:
    """The plan for those who read along."""
    found = redactor(console)
    if found is None or plan.public:
        return plan
    from reconciler.report.redaction.plans import conceal_plan

    return conceal_plan(plan, found)


def shown_drift(console: Console, plan: Plan, drift: Drift) -> tuple[Plan, Drift]:
    """Plan and drift for those who read along."""
    found = redactor(console)
    if found is None:
        return plan, drift
    from reconciler.report.redaction.drifts import conceal_drift

    return shown_plan(console, plan), conceal_drift(drift, found)


def shown_diff(console: Console, diff: AccessDiff) -> AccessDiff:
    """The diff for those who read along."""
    found = redactor(console)
    if found is None:
        return diff
    from reconciler.report.redaction.diffs import conceal_diff

    return conceal_diff(diff, found)


def shown_outcomes(console: Console, outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Outcomes for those who read along."""
    found = redactor(console)
    if found is None:
        return tuple(outcomes)
    from reconciler.report.redaction.plans import conceal_outcome

    return tuple(conceal_outcome(each, found) for each in outcomes)


def shown_stored(console: Console, stored: Sequence[Stored]) -> Sequence[Stored]:
    """What was stored otherwise than it was sent, for those who read along."""
    found = redactor(console)
    if found is None:
        return stored
    from reconciler.report.redaction.plans import conceal_stored

    return [conceal_stored(each, found) for each in stored]


def shown_leftover(console: Console, action: Action, reasons: Sequence[str]) -> tuple[Action, Sequence[str]]:
    """An action that was not carried out, and why, for those who read along."""
    found = redactor(console)
    if found is None:
        return action, reasons
    from reconciler.report.redaction.plans import conceal_action
    from reconciler.report.redaction.texts import harmless_notes

    return conceal_action(action, found), harmless_notes(reasons, "reason")


def shown_problems(console: Console, problems: Sequence[Problem]) -> Sequence[Problem]:
    """What is wrong or odd in manifests, for those who read along: where, and no more."""
    found = redactor(console)
    if found is None:
        return problems
    from reconciler.report.redaction.errors import conceal_problem

    return [conceal_problem(each, found) for each in problems]


def shown_notes(console: Console, notes: Sequence[str]) -> Sequence[str]:
    """Notes for those who read along: what may name somebody is counted."""
    if redactor(console) is None:
        return notes
    from reconciler.report.redaction.texts import harmless_notes

    return harmless_notes(notes, "note")


def shown_error(console: Console, error: ReconcilerError) -> ReconcilerError:
    """An error for those who read along."""
    try:
        found = redactor(console)
    except OperatorError as unusable:
        return unusable
    if found is None:
        return error
    from reconciler.report.redaction.errors import conceal_error

    return conceal_error(error, found)


def relay(console: Console, text: str) -> None:
    """Say what the rooms below say of their work, as far as it is for those who read along."""
    if redactor(console) is None:
        console.say(text)
        return
    from reconciler.report.redaction.texts import harmless, is_hidden

    shown = harmless(text)
    if not is_hidden(shown):
        console.say(shown)
    elif not console.heard.hidden_talk:
        console.heard.hidden_talk = True
        console.say("some of what there is to say is hidden: it may name people")


def hear_states(console: Console, desired: DesiredState, live: LiveState) -> None:
    """Both sides of a plan are known now, and with them who is a person."""
    if not console.heard.public:
        return
    from reconciler.core.model import ResourceType
    from reconciler.report.redaction.people import People, people_of

    _hear_desired(console, desired)
    know(console, people_of((each.key, each.attributes) for each in live.users))
    displays = live.member_names.items()
    know(console, People(frozenset(name for member, name in displays if member.type is ResourceType.USER)))


def hear_declared(console: Console, sides: Iterable[Declared]) -> None:
    """Both sides of a diff are known now, and with them who is a person."""
    for side in sides if console.heard.public else ():
        _hear_desired(console, side.desired)


def _hear_desired(console: Console, desired: DesiredState) -> None:
    from reconciler.core.model import ResourceType
    from reconciler.report.redaction.people import people_of

    outside = (each for each in desired.outside if each.type is ResourceType.USER)
    know(console, people_of((each.key, each.attributes) for each in desired.users))
    know(console, people_of(("", each.attributes) for each in outside))


def know(console: Console, people: People) -> None:
    """These are people: what has their names in it is concealed from now on."""
    found = redactor(console)
    if found:
        console.heard.redactor = found.knowing(people)


def _key(console: Console) -> bytes:
    """From the environment, else the state directory's; else one for this run, which is said.

    `diff` makes no state directory: it is about git's revisions, wherever it is run.
    """
    from reconciler.pseudonym_key import load_key, random_key
    from reconciler.settings import PSEUDONYM_KEY, read_pseudonym_key

    given = read_pseudonym_key()
    if given:
        return given
    if console.heard.offline and not console.state.is_dir():
        why = "there is no state directory to keep a key in"
    else:
        try:
            return load_key(console.state)
        except OSError as error:
            why = f"no key can be kept in {console.state}: {error.strerror}"
    console.say(f"pseudonyms are of this run only: {why}; set {PSEUDONYM_KEY} for lasting ones")
    return random_key()

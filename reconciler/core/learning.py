"""How equivalences are learned: the narrowest rule that explains what a service made of the values that it was sent.

Of the words that a rule can say, the narrowest that fit everything that was seen of an attribute, and that call no two
values the same which the service keeps apart; else the values themselves, in pairs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.equivalence import Equivalence, Ignored, Pair
from reconciler.core.normalise import fold, is_empty, same
from reconciler.core.paths import CUSTOM_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.core.model import Value

MAX_PAIRS = 20
"""Values of one attribute that are paired; where it takes more, a list of them is no rule."""
ENOUGH = 2
"""Values that were dropped, all that were sent, before it is said that all are."""
CANDIDATES: tuple[tuple[Ignored, ...], ...] = (
    (),
    (Ignored.OUTER_BLANKS,),
    (Ignored.CASE,),
    (Ignored.BLANKS,),
    (Ignored.OUTER_BLANKS, Ignored.CASE),
    (Ignored.BLANKS, Ignored.CASE),
    (Ignored.PHONE_FORMAT,),
)
"""What a rule may ignore of a value that is stored, the narrowest first."""


class Example(NamedTuple):
    """A value as it was sent and as it was stored.

    `changed`: the service took something, it does not just show the value that it had before. `shown`: its answer
    showed it; else it is only known what there is now.
    """

    sent: Value
    stored: Value
    changed: bool = True
    shown: bool = True


class Learned(NamedTuple):
    """What was learned of an attribute, from how many examples of values stored otherwise; else why nothing was."""

    rule: Equivalence
    examples: int
    problem: str = ""


def learn(known: Equivalence, examples: Sequence[Example], elsewhere: frozenset[str] = frozenset()) -> Learned:
    """The rule for an attribute by everything that was seen of it; `known`: what is said of it already.

    `elsewhere`: values of it that the service has now, folded. What is stored of anybody is not dropped.
    """
    exact = known.attribute.startswith(CUSTOM_FIELDS)
    differing = [each for each in examples if not same(each.sent, each.stored, exact=exact)]
    open_ = [each for each in differing if not known.same(each.sent, each.stored)]
    try:
        rule = _pair_dropped(_explain(known, open_, examples), open_, examples, elsewhere)
    except _Unexplained as problem:
        return Learned(known, len(differing), str(problem))
    return Learned(rule, len(differing))


class _Unexplained(Exception):
    """No rule fits; the message says why."""


def _explain(known: Equivalence, open_: Sequence[Example], examples: Sequence[Example]) -> Equivalence:
    """A rule for the values that were stored otherwise."""
    if any(isinstance(value, list | dict) for each in open_ for value in (each.sent, each.stored)):
        raise _Unexplained("it is not one text that is stored otherwise")
    kept = [each for each in open_ if not is_empty(each.stored)]
    for words in CANDIDATES:
        rule = replace(known, ignore=tuple(dict.fromkeys((*known.ignore, *words))))
        if all(rule.same(each.sent, each.stored) for each in kept) and (not words or _keeps_apart(rule, examples)):
            return rule
    if not all(each.shown for each in kept):
        raise _Unexplained("the service does not show what it stores, and no word of a rule explains what there is now")
    if not all(each.changed for each in kept):
        raise _Unexplained("the service keeps the value that it had: that is not the same value in other words")
    return _paired(known, kept)


def _keeps_apart(rule: Equivalence, examples: Iterable[Example]) -> bool:
    """Whether no two values were stored differently that the rule calls the same."""
    exact = rule.attribute.startswith(CUSTOM_FIELDS)
    stored: dict[str, Value] = {}
    for each in examples:
        if not is_empty(each.stored) and each.shown:
            normal = rule.normal(each.stored)
            if not same(stored.setdefault(normal if exact else fold(normal), each.stored), each.stored, exact=exact):
                return False
    return True


def _pair_dropped(
    rule: Equivalence, open_: Sequence[Example], examples: Sequence[Example], elsewhere: frozenset[str]
) -> Equivalence:
    """The rule with what was not stored: everything that is sent, or these values."""
    dropped = [each for each in open_ if is_empty(each.stored)]
    if not dropped:
        return rule
    if not all(each.shown for each in dropped):
        raise _Unexplained("the service does not show what it stores: the value may have been taken away since")
    if any(fold(each.sent) in elsewhere for each in dropped):
        raise _Unexplained("the service has the same value elsewhere: it may have been taken away since")
    if (
        not elsewhere
        and all(is_empty(each.stored) for each in examples)
        and len({fold(each.sent) for each in dropped}) >= ENOUGH
    ):
        return replace(rule, ignore=(*rule.ignore, Ignored.ABSENCE))
    return _paired(rule, dropped)


def _paired(rule: Equivalence, examples: Iterable[Example]) -> Equivalence:
    new = (Pair(each.sent, None if is_empty(each.stored) else each.stored) for each in examples)
    pairs = dict.fromkeys((*rule.pairs, *new))
    if len(pairs) > MAX_PAIRS:
        raise _Unexplained(f"{len(pairs)} values are stored otherwise, and no word of a rule explains them")
    return replace(rule, pairs=tuple(pairs))

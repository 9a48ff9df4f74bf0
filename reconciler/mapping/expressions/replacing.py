"""Replace, in five ways that depend on which of its arguments are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.mapping.expressions.inner import Unfit, check_length, for_each, is_empty, to_text
from reconciler.mapping.patterns import PatternProblem, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.mapping.expressions.inner import Inner
    from reconciler.mapping.patterns import Pattern

SOURCE, OLD, PATTERN, GROUP, VALUE, ATTRIBUTE, TEMPLATE = range(7)
"""Positions of the arguments."""


def to_pattern(value: Inner) -> Pattern:
    """A regular expression."""
    try:
        return compile_pattern(to_text(value))
    except PatternProblem as problem:
        raise Unfit(str(problem)) from None


def to_old(value: Inner) -> str:
    """A text to be found, which an empty one is not."""
    text = to_text(value)
    if not text:
        raise Unfit("expected a text to be replaced, found an empty one")
    return text


def _texts(source: str, old: Inner, value: Inner) -> str:
    return _replaced(source, to_old(old), to_text(value))


def _template(source: str, old: Inner, template: Inner) -> str:
    return _replaced(to_text(template), to_old(old), source)


def _replaced(text: str, old: str, new: str) -> str:
    if len(new) > len(old):
        check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _matches(source: str, pattern: Inner, value: Inner) -> str:
    return to_pattern(pattern).replace(source, to_text(value))


def _groups(source: str, pattern: Inner, group: Inner, value: Inner) -> str:
    return to_pattern(pattern).replace_group(source, to_text(group), to_text(value))


def _extract(text: str, pattern: Inner, group: Inner) -> str | None:
    return to_pattern(pattern).group(text, to_text(group))


_extract_of_each = for_each(_extract)


def _fall_back(source: Inner, pattern: Inner, group: Inner, attribute: Inner) -> Inner:
    return _extract_of_each(attribute, pattern, group) if is_empty(source) else source


def _bounded(replace: Callable[..., Inner]) -> Callable[..., Inner]:
    def replaced(*arguments: Inner) -> Inner:
        try:
            return replace(*arguments)
        except PatternProblem as problem:
            raise Unfit(str(problem)) from None

    return replaced


MODES: dict[frozenset[int], tuple[Callable[..., Inner], tuple[int, ...]]] = {
    frozenset(positions): (carry_out, (SOURCE, *positions))
    for positions, carry_out in (
        ((OLD, VALUE), for_each(_texts)),
        ((OLD, TEMPLATE), for_each(_template)),
        ((PATTERN, VALUE), _bounded(for_each(_matches))),
        ((PATTERN, GROUP, VALUE), _bounded(for_each(_groups))),
        ((PATTERN, GROUP, ATTRIBUTE), _bounded(_fall_back)),
    )
}
"""Which arguments are given beside the source -> what is done, and with which arguments."""

EXPECTED = (
    "oldValue and replacementValue; oldValue and template; regexPattern and replacementValue; regexPattern, "
    "regexGroupName and replacementValue; or regexPattern, regexGroupName and replacementAttributeName"
)

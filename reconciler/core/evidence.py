"""What the journal and a plan tell of how a service stores an attribute: examples to learn equivalences from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.core.equivalence import rule_names
from reconciler.core.learning import Example
from reconciler.core.model import ResourceType
from reconciler.core.normalise import fold, is_empty, same
from reconciler.core.repeats import Again
from reconciler.core.stored import value_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.core.equivalence import Equivalences
    from reconciler.core.model import Value
    from reconciler.core.repeats import PastWrite, Repeat

Attribute = tuple[ResourceType, str]
"""A resource type and what a rule calls an attribute."""
LEARNT_FROM = (Again.STORED, Again.UNCLEAR)
"""Of what is there again, what may be the service's own way: nobody is known to have changed it since."""


def attributes_of(repeats: Iterable[Repeat], known: Equivalences) -> dict[Attribute, list[Repeat]]:
    """The attributes that may be stored otherwise, each with what of it is planned again.

    A value of several is told by its type, but where there is a rule for any, or where values of several types are.
    """
    found: dict[Attribute, list[Repeat]] = {}
    for each in repeats:
        if each.again in LEARNT_FROM and each.path != "active" and not each.member:
            found.setdefault((each.type, rule_names(each.type, each.path)[-1]), []).append(each)
    return {_named(attribute, some, known): some for attribute, some in found.items()}


def _named(attribute: Attribute, repeats: Sequence[Repeat], known: Equivalences) -> Attribute:
    resource, whole = attribute
    names = {rule_names(resource, each.path)[0] for each in repeats}
    if len(names) > 1 or (resource, whole.casefold()) in known.rules:
        return attribute
    return resource, names.pop()


def examples_unshown(repeats: Iterable[Repeat]) -> Iterator[Example]:
    """What is planned again, as it was sent and as it is, where no answer showed it."""
    for each in repeats:
        if each.again is Again.UNCLEAR:
            changed = not same(value_at(each.path, each.runs[0].before), each.have, exact=True)
            yield from _examples(each.want, each.have, changed=changed, shown=False)


def examples_of_writes(writes: Iterable[PastWrite], paths: Iterable[str]) -> Iterator[Example]:
    """What earlier runs sent at these paths and the answers showed, also what was stored as it was sent."""
    wanted = tuple(dict.fromkeys(paths))
    for write in writes:
        if write.stored is None:
            continue
        for path in wanted:
            sent = value_at(path, write.sent)
            if not is_empty(sent):
                stored = write.stored.get(path, sent)
                changed = not same(value_at(path, write.before), stored, exact=True)
                yield from _examples(sent, stored, changed=changed, shown=True)


def _examples(sent: Value, stored: Value, *, changed: bool, shown: bool) -> Iterator[Example]:
    if isinstance(sent, list) or isinstance(stored, list):
        for one, other in _partners(_texts(sent), _texts(stored)):
            yield Example(one, other, changed, shown)
    else:
        yield Example(sent, stored, changed, shown)


def _texts(value: Value) -> list[Value]:
    values = value if isinstance(value, list) else []
    return [each.get("value") if isinstance(each, dict) else each for each in values]


def _partners(sent: Sequence[Value], stored: Sequence[Value]) -> Iterator[tuple[Value, Value]]:
    """Values of one attribute, as they were sent and as they are: by their letters, where they are as many."""
    left = [each for each in sent if each not in stored]
    there = [each for each in stored if each not in sent]
    yield from ((each, each) for each in sent if each in stored)
    if len(left) == len(there) or not there:
        ordered = sorted(there, key=_letters) or [None] * len(left)
        yield from zip(sorted(left, key=_letters), ordered, strict=True)


def _letters(value: Value) -> str:
    return "".join(fold(value).split())

"""Regular expressions as .NET spells them, bounded in time.

The `regex` library knows named groups `(?<n>..)`, variable look-behind and a time limit; what it spells differently is
translated here. The .NET rules followed: regular expression language and substitutions (Microsoft's quick reference).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

SECONDS = 0.25
"""How long one call may take."""

MOST_SLOW = 20
"""How many calls of a pattern may take too long; after that it is not tried any more, since the run is lost anyway."""

LONGEST_RESULT = 1_000_000
"""Characters that a replacement may come to: no attribute is that long."""

_LONGEST = 10_000
_TOKEN = re.compile(
    r"""(?P<number>\\[1-9]\d*)
      | (?P<escape>\\.)
      | (?P<named>\(\?(?:'(?P<quoted>\w+)'|P?<(?P<angled>\w+)>))
      | (?P<special>\(\?)
      | (?P<unnamed>\()
      | (?P<class>\[\^?\]?)
      | (?P<repeat>\{\d+(?:,\d*)?\})
      | (?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPES = {r"\z": r"\Z", r"\Z": r"(?=\n?\Z)", r"\e": r"\x1b"}
_IN_CLASS = {"-[": "--[", "--": r"-\-", "[": r"\[", "&": r"\&", "|": r"\|", "~": r"\~", r"\e": r"\x1b"}
_CLASS_TOKEN = re.compile(r"\\.|-\[|--|.", re.DOTALL)
_SUBSTITUTION = re.compile(r"\$(?:(?P<number>\d+)|\{(?P<name>\w+)\}|(?P<sign>[$&`'+_]))")

_Match: TypeAlias = "regex.Match[str]"
_Part: TypeAlias = "Callable[[_Match], str]"


class PatternProblem(Exception):
    """A pattern that is not valid, or one that takes too long on a text. `position`: where in the pattern, from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class Pattern:
    """A compiled pattern. Its methods raise PatternProblem where it takes too long on the text that they are given."""

    __slots__ = ("_compiled", "_groups", "_slow", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._compiled, self._groups = _compile(text)
        self._slow = 0

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    def has_group(self, name: str) -> bool:
        """Whether there is a group of this name, or of this number as .NET counts."""
        return name in self._groups

    @property
    def group_names(self) -> tuple[str, ...]:
        """The names of its groups."""
        return tuple(self._compiled.groupindex)

    def matches_whole(self, text: str) -> bool:
        """Whether all of the text matches."""
        self._check_pace()
        try:
            return self._compiled.fullmatch(text, timeout=SECONDS) is not None
        except TimeoutError:
            raise self._too_long() from None

    def replace(self, text: str, template: str) -> str:
        """The text with every match replaced, by .NET's substitution (`$1`, `${name}`, `$$`, `$&`, ...).

        A group that does not exist stands for its own letters, one that did not match for nothing.
        """
        self._check_pace()
        parts = _substitution(self, template)
        room = LONGEST_RESULT

        def substitute(match: _Match) -> str:
            nonlocal room
            new = "".join([part(match) for part in parts])
            room -= len(new)
            if room < 0:
                raise self._too_much()
            return new

        try:
            return self._compiled.sub(substitute, text, timeout=SECONDS)
        except TimeoutError:
            raise self._too_long() from None

    def group(self, text: str, name: str) -> str | None:
        """What the group has of the first match; None without a match or without the group in it."""
        self._check_pace()
        try:
            found = self._compiled.search(text, timeout=SECONDS)
        except TimeoutError:
            raise self._too_long() from None
        return None if found is None or name not in self._groups else found.group(self._groups[name])

    def replace_group(self, text: str, name: str, replacement: str) -> str:
        """The text with the group's span of every match replaced by this very text."""
        if name not in self._groups:
            return text
        self._check_pace()
        number = self._groups[name]
        parts: list[str] = []
        rest = 0
        try:
            for match in self._compiled.finditer(text, timeout=SECONDS):
                start, end = match.span(number)
                if start >= rest:
                    if len(parts) * len(replacement) > 2 * LONGEST_RESULT:
                        raise self._too_much()
                    parts += [text[rest:start], replacement]
                    rest = end
        except TimeoutError:
            raise self._too_long() from None
        return "".join([*parts, text[rest:]])

    def _too_much(self) -> PatternProblem:
        return PatternProblem(f"the pattern `{self.text}` makes more than {LONGEST_RESULT:,} characters of this text")

    def _check_pace(self) -> None:
        if self._slow >= MOST_SLOW:
            raise PatternProblem(
                f"the pattern `{self.text}` took too long on {MOST_SLOW} other texts, and is not tried any more"
            )

    def _too_long(self) -> PatternProblem:
        self._slow += 1
        return PatternProblem(f"the pattern `{self.text}` takes too long on this text")


@lru_cache(maxsize=1024)
def compile_pattern(text: str) -> Pattern:
    """The pattern. Raises PatternProblem with the place where it is not valid."""
    return Pattern(text)


def _compile(text: str) -> tuple[regex.Pattern[str], dict[str, int]]:
    """The compiled pattern, and .NET's names and numbers of groups -> the number that the library knows it by."""
    if len(text) > _LONGEST:
        raise PatternProblem(f"the pattern has {len(text)} characters, at most {_LONGEST} are read")
    parts = list(_translate(text))
    try:
        # `-f`: one letter is never the same as two, as in .NET
        compiled = regex.compile("(?-f)" + "".join(part for part, _ in parts), regex.VERSION1, cache_pattern=False)
    except regex.error as error:
        where = (getattr(error, "pos", None) or 0) - len("(?-f)")
        message = getattr(error, "msg", str(error))
        raise PatternProblem(f"the pattern `{text}` is not valid: {message}", _origin(parts, where)) from None
    except (ValueError, OverflowError, RecursionError, MemoryError, LookupError, TypeError):
        raise PatternProblem(f"the pattern `{text}` is not valid") from None
    return compiled, _groups(compiled)


def _groups(compiled: regex.Pattern[str]) -> dict[str, int]:
    """.NET counts the groups without a name first, then those with one."""
    named = dict(sorted(compiled.groupindex.items(), key=lambda item: item[1]))
    unnamed = [number for number in range(compiled.groups + 1) if number not in named.values()]
    return {str(number): each for number, each in enumerate([*unnamed, *named.values()])} | named


def _translate(text: str) -> Generator[tuple[str, int], None, None]:
    """The pattern in the library's spelling, in parts, each with its place in the text."""
    numbers = _numbers(text)
    place = 0
    while found := _TOKEN.match(text, place):
        kind, part = found.lastgroup, found.group()
        if kind in {"quoted", "angled", "named"}:
            yield f"(?<{found['quoted'] or found['angled']}>", place
        elif kind == "number":
            yield numbers.get(part, part), place
        elif kind == "escape":
            yield _ESCAPES.get(part, part), place
        elif kind == "class":
            yield part[0] + part[1:].replace("]", r"\]"), place
            place = yield from _class(text, found.end())
            continue
        else:
            yield (r"\{" if part == "{" else part), place
        place = found.end()


def _class(text: str, place: int) -> Generator[tuple[str, int], None, int]:
    """The inside of a character class up to its bracket; `[a-z-[aeiou]]` is .NET's subtraction."""
    depth = 1
    while depth and (found := _CLASS_TOKEN.match(text, place)):
        part = found.group()
        depth += (part == "-[") - (part == "]")
        yield _IN_CLASS.get(part, part), place
        place = found.end()
    return place


def _after_class(text: str, place: int) -> int:
    parts = _class(text, place)
    while True:
        try:
            next(parts)
        except StopIteration as end:
            return int(end.value)


def _numbers(text: str) -> dict[str, str]:
    r"""`\1` as .NET counts -> `\2`, where a group with a name stands before; nothing where all agree."""
    order: list[str] = []
    place = 0
    while found := _TOKEN.match(text, place):
        place = found.end()
        if found.lastgroup == "class":
            place = _after_class(text, place)
        elif found["named"] and (found["quoted"] or found["angled"]) not in order:
            order.append(found["quoted"] or found["angled"])
        elif found.lastgroup == "unnamed":
            order.append("")
    counted = [place for place, name in enumerate(order, 1) if not name]
    counted += [place for place, name in enumerate(order, 1) if name]
    return {f"\\{number}": f"\\{place}" for number, place in enumerate(counted, 1) if number != place}


def _origin(parts: list[tuple[str, int]], where: int) -> int:
    for part, place in parts:
        if where < len(part):
            return place
        where -= len(part)
    return parts[-1][1] if parts else 0


@lru_cache(maxsize=1024)
def _substitution(pattern: Pattern, template: str) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    rest = 0
    for found in _SUBSTITUTION.finditer(template):
        parts += [_literal(template[rest : found.start()]), _reference(pattern, found)]
        rest = found.end()
    return (*parts, _literal(template[rest:]))


def _literal(text: str) -> _Part:
    return lambda _match: text


def _reference(pattern: Pattern, found: re.Match[str]) -> _Part:
    name = found["number"] or found["name"]
    groups = pattern._groups  # noqa: SLF001
    if name is not None:
        number = groups.get(name.lstrip("0") or "0") if name.isdecimal() else groups.get(name)
        return _literal(found.group()) if number is None else lambda match: match.group(number) or ""
    last = max(groups.values())
    signs: dict[str, _Part] = {
        "$": lambda _match: "$",
        "&": lambda match: match.group(),
        "`": lambda match: match.string[: match.start()],
        "'": lambda match: match.string[match.end() :],
        "+": lambda match: match.group(last) or "",
        "_": lambda match: match.string,
    }
    return signs[found["sign"]]

"""What a name shows, and what it is: characters that are not seen, alphabets that are mixed, names that look alike.

Unicode's UTS #39 (security mechanisms), word by word: a word of one script is fine, whichever it is, and so are the
mixes that languages are written in, as Japanese and Korean are, and Latin letters beside those of most other scripts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[^\W\d_]+")
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Not seen, though their category does not say so."""
_JOINERS = ("\u200c", "\u200d", "\ufe0f")
_TURNING = ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
_NO_SCRIPT = ("KATAKANA-HIRAGANA", "MODIFIER", "MICRO", "FEMININE", "MASCULINE", "MATHEMATICAL", "DOUBLE-STRUCK")
_WIDE, _HAN = ("FULLWIDTH", "HALFWIDTH"), ("CJK", "IDEOGRAPHIC")
_ALIKE = frozenset(("LATIN", "CYRILLIC", "GREEK", "COPTIC", "CHEROKEE", "LISU", "ARMENIAN", "DESERET", "OSAGE"))
"""Scripts of which many letters look like those of another one."""
_ALIKE_IN_ASCII = str.maketrans({"0": "o", "1": "l", "|": "l", "i": "l", "m": "rn"})
_WRITTEN_TOGETHER = (
    frozenset(("LATIN", "HAN", "HIRAGANA", "KATAKANA")),
    frozenset(("LATIN", "HAN", "BOPOMOFO")),
    frozenset(("LATIN", "HAN", "HANGUL")),
)


def find_oddities(name: str) -> Iterator[str]:
    """What a reader of the name would not see, each as the rest of a sentence that begins with the name's attribute."""
    yield from _find_unseen(name)
    if not unicodedata.is_normalized("NFC", name):
        yield f"is not in Unicode's composed form (NFC): written so, it is another name than `{_composed(name)}`"
    for part in re.finditer("[^@]+", name):
        place = _find_foreign(part[0])
        if place is not None:
            yield f"mixes alphabets: {describe(name, part.start() + place)}"


def describe(name: str, place: int) -> str:
    """The character at a place, by code point, name and position from 1, and what it looks like."""
    character = name[place]
    called = unicodedata.name(character, "")
    alike = _lookalikes().get(ord(character)) or unicodedata.normalize("NFKC", character)
    looks = f", looks like `{alike}`" if alike != character and alike.isascii() else ""
    return f"U+{ord(character):04X}{f' {called}' if called else ''} at position {place + 1}{looks}"


def skeleton(name: str) -> str:
    """What names that look alike have in common, without regard to case (UTS #39 §4, and `i` like `l`)."""
    if not name.isascii():
        seen = "".join(each for each in unicodedata.normalize("NFKD", name) if not _is_unseen(each))
        composed = unicodedata.normalize("NFC", seen).translate(_lookalikes())
        name = unicodedata.normalize("NFD", composed)
    return name.casefold().translate(_ALIKE_IN_ASCII)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _find_unseen(name: str) -> Iterator[str]:
    for place, each in enumerate(name):
        if unicodedata.bidirectional(each) in _TURNING:
            yield f"turns the direction of reading: {describe(name, place)}"
        elif _is_unseen(each) and not _joins(name, place):
            yield f"has a character that is not seen: {describe(name, place)}"
        elif each != " " and unicodedata.category(each) == "Zs":
            yield f"has a blank that is no blank: {describe(name, place)}"


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") or _UNSEEN.match(character) is not None


def _joins(name: str, place: int) -> bool:
    """Whether a joiner stands where it is meant to: in scripts that need it, or in a picture made of several."""
    if not place or name[place] not in _JOINERS:
        return False
    before = name[place - 1]
    if unicodedata.category(before) in ("So", "Sk") or before in _JOINERS:
        return True
    return unicodedata.category(before) == "Mn" or _script(before) not in (None, *_ALIKE)


def _find_foreign(part: str) -> int | None:
    """Where a letter stands that looks like one of the alphabet around it; None where there is none."""
    words = [(word.start(), word[0]) for word in _WORD.finditer(part)]
    for start, word in words:
        scripts = [_script(each) for each in word]
        known = frozenset(each for each in scripts if each)
        if not _go_together(known):
            usual = max(sorted(known), key=lambda each: (scripts.count(each), each == "LATIN"))
            return start + next(place for place, each in enumerate(scripts) if each not in (None, usual))
        styled = next((place for place, each in enumerate(word) if _is_styled(each)), None)
        if styled is not None:
            return start + styled
    has_latin = any(each.isascii() for _, each in words)
    return next((start for start, word in words if has_latin and _poses_as_latin(word)), None)


def _go_together(scripts: frozenset[str]) -> bool:
    if len(scripts) < 2 or any(scripts <= each for each in _WRITTEN_TOGETHER):  # noqa: PLR2004 - a mix has two
        return True
    return len(scripts) == 2 and "LATIN" in scripts and len(scripts & _ALIKE) == 1  # noqa: PLR2004


def _poses_as_latin(word: str) -> bool:
    """Whether a word of another alphabet has only letters that look like ASCII's."""
    return _script(word[0]) in _ALIKE and all(_lookalikes().get(ord(each), "\u00e9").isascii() for each in word)


def _is_styled(character: str) -> bool:
    """Whether it is a letter of formulas, which looks like one of text."""
    return not character.isascii() and unicodedata.name(character, "").startswith("MATHEMATICAL")


@cache
def _script(character: str) -> str | None:
    """The script of a letter by its name; None where letters of all scripts may stand beside it."""
    if not unicodedata.category(character).startswith("L"):
        return None
    first, _, rest = unicodedata.name(character, "").partition(" ")
    if first in _NO_SCRIPT or not first:
        return None
    if first in _WIDE:
        first = rest.partition(" ")[0]
    return "HAN" if first in _HAN else first


@cache
def _lookalikes() -> dict[int, str]:
    """Characters and what they look like."""
    text = files("reconciler.manifests").joinpath("lookalikes.txt").read_text(encoding="utf-8")
    lines = [line.split(" ") for line in text.splitlines() if not line.startswith("#")]
    return {ord(each): shown for shown, *others in lines for each in others if not each.isascii()}

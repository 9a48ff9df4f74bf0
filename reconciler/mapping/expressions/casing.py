"""Upper and lower case by .NET's rules, and letters without their marks.

.NET maps character by character: the German sharp s has no upper case, and in the invariant culture neither have the
Turkish dotless and dotted i another case.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import category, normalize

from reconciler.mapping.expressions.inner import Unfit, for_each, shown, to_text

if TYPE_CHECKING:
    from reconciler.mapping.expressions.inner import Inner

_CULTURE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{1,8})*", re.IGNORECASE)
_DOTTED = "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}"
_DOTLESS = "\N{LATIN SMALL LETTER DOTLESS I}"
_TURKIC = {"tr", "az"}
_INVARIANT = ""

_PLAIN = str.maketrans(
    {"æ": "ae", "Æ": "AE", "ø": "oe", "Ø": "OE", "œ": "oe", "Œ": "OE", "ß": "ss", "ı": "i", "ł": "l", "Ł": "L"}
)


def to_culture(value: Inner) -> str:
    """The language of a culture name such as `tr-TR`; "" is the invariant culture."""
    name = to_text(value)
    if name and not _CULTURE.fullmatch(name):
        raise Unfit(f"expected the name of a culture such as `en-US`, found {shown(value)}")
    return re.split("[-_]", name)[0].lower()


def _lower(text: str, culture: Inner = None) -> str:
    language = _INVARIANT if culture is None else to_culture(culture)
    if text.isascii() and language not in _TURKIC:
        return text.lower()
    special = {"I": _DOTLESS, _DOTTED: "i"} if language in _TURKIC else {_DOTTED: "i"} if language else {}
    return "".join([special.get(each) or _single(each, each.lower()) for each in text])


def _upper(text: str, culture: Inner = None) -> str:
    language = _INVARIANT if culture is None else to_culture(culture)
    if text.isascii() and language not in _TURKIC:
        return text.upper()
    special = {"i": _DOTTED} if language in _TURKIC else {} if language else {_DOTLESS: _DOTLESS}
    return "".join([special.get(each) or _single(each, each.upper()) for each in text])


def _single(character: str, other: str) -> str:
    return other if len(other) == 1 else character


def _proper(text: str, separators: Inner = None) -> str:
    """Each word with a capital, the rest in lower case; .NET's ToTitleCase unless the separators are named."""
    lower = _lower(text)
    if separators is None:
        return "".join(_titled(lower))
    apart, start, result = to_text(separators), True, []
    for each in lower:
        result.append(_upper(each) if start else each)
        start = each in apart
    return "".join(result)


def _titled(text: str) -> list[str]:
    """A word begins with a letter and ends at the next separator: digits, marks and apostrophes belong to it."""
    inside, result = False, []
    for each in text:
        kind = _kind(each)
        starts = not inside and kind == "L"
        result.append(_single(each, each.title()) if starts else each)
        inside = starts or (inside and (kind in "LMN" or each == "'"))
    return result


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    """L, M, N: parts of words; S: a separator."""
    kind = category(character)
    return kind[0] if kind[0] in "LMN" else "N" if kind in {"Cn", "Co", "Cs"} else "S"


def _without_diacritics(text: str) -> str:
    if text.isascii():
        return text
    parts = [part for each in text for part in normalize("NFD", each)]  # one by one: long rows of marks take for ever
    bare = "".join([each for each in parts if category(each)[0] != "M"])
    return normalize("NFC", bare.translate(_PLAIN))


to_lower = for_each(_lower)
to_upper = for_each(_upper)
proper_case = for_each(_proper)
normalize_diacritics = for_each(_without_diacritics)

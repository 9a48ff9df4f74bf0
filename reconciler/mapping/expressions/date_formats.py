"""Custom and standard date-time formats of .NET, in its invariant culture, all times in UTC.

`write` follows "Custom date and time format strings", `read` DateTime.ParseExact.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from reconciler.mapping.expressions.date_texts import (
    MONTHS,
    WEEKDAYS,
    full_year,
    hour_of,
    microseconds_of,
    month_of,
    zone_of,
)
from reconciler.mapping.expressions.inner import Unfit

if TYPE_CHECKING:
    from collections.abc import Iterator

_STANDARD = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "o": "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-dd'T'HH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
}
_STANDARD |= {"M": _STANDARD["m"], "O": _STANDARD["o"], "R": _STANDARD["r"], "Y": _STANDARD["y"]}
_LETTERS = "dfFghHKmMstyzZ"
_MOST_DIGITS = 7


class Piece(NamedTuple):
    """A run of one format letter, or a text that stands for itself (`letter` is "")."""

    letter: str
    text: str


@lru_cache(maxsize=256)
def pieces(layout: str) -> tuple[Piece, ...]:
    """A format, taken apart. Raises Unfit."""
    if not layout:
        raise Unfit("expected a date format such as `yyyy-MM-dd`, found an empty text")
    if len(layout) == 1 and layout not in _STANDARD:
        raise Unfit(f"`{layout}` is no standard date format of .NET")
    return tuple(_pieces(_STANDARD.get(layout, layout)))


def _pieces(layout: str) -> Iterator[Piece]:
    place = 0
    while place < len(layout):
        letter = layout[place]
        if letter in "'\"":
            text, place = _quoted(layout, place)
            yield Piece("", text)
        elif letter == "\\":
            if place + 1 == len(layout):
                raise Unfit(f"the date format `{layout}` ends in a backslash")
            yield Piece("", layout[place + 1])
            place += 2
        elif letter == "%":
            place += 1
            if place == len(layout) or layout[place] == "%":
                raise Unfit(f"the date format `{layout}` has a `%` with no letter behind it")
        else:
            run = _run(layout, place) if letter in _LETTERS else letter
            if letter in "fF" and len(run) > _MOST_DIGITS:
                raise Unfit(f"the date format `{layout}` has more than {_MOST_DIGITS} `{letter}`")
            yield Piece(letter if letter in _LETTERS else "", run)
            place += len(run)


def _run(layout: str, place: int) -> str:
    rest = layout[place:]
    return rest[: len(rest) - len(rest.lstrip(rest[0]))]


def _quoted(layout: str, place: int) -> tuple[str, int]:
    quote, text, place = layout[place], "", place + 1
    while place < len(layout) and layout[place] != quote:
        place += layout[place] == "\\"
        text += layout[place : place + 1]
        place += 1
    if place >= len(layout):
        raise Unfit(f"the date format `{layout}` has a quote that is not closed")
    return text, place + 1


def write(moment: datetime, layout: str) -> str:
    """The date-time in this format. Raises Unfit."""
    written = ""
    for letter, run in pieces(layout):
        part = _written(moment, letter, len(run)) if letter else run
        if letter == "F" and not part:
            written = written.removesuffix(".")
        written += part
    return written


def _written(moment: datetime, letter: str, length: int) -> str:
    if letter in "fF":
        digits = f"{moment.microsecond:06}0"[:length]
        return digits if letter == "f" else digits.rstrip("0")
    if letter in "dM" and length > 2:  # noqa: PLR2004
        name = WEEKDAYS[moment.weekday()] if letter == "d" else MONTHS[moment.month - 1]
        return name if length > 3 else name[:3]  # noqa: PLR2004
    if letter == "y":
        return f"{moment.year % 100 if length <= 2 else moment.year:0{length}}"  # noqa: PLR2004
    numbers = {"d": moment.day, "M": moment.month, "h": moment.hour % 12 or 12, "H": moment.hour}
    numbers |= {"m": moment.minute, "s": moment.second}
    if letter in numbers:
        return f"{numbers[letter]:0{min(length, 2)}}"
    if letter == "t":
        return ("AM" if moment.hour < 12 else "PM")[: min(length, 2)]  # noqa: PLR2004
    return {"z": ("+0", "+00", "+00:00")[min(length, 3) - 1], "K": "Z", "Z": "Z" * length, "g": "A.D."}[letter]


def read(text: str, layout: str, now: datetime, *, inner_blanks: bool = False) -> datetime:
    """The date-time, in UTC, of a text in this format. Raises Unfit.

    What the format does not name is as .NET has it: today where it names no day at all, else this year, January, the
    1st; midnight.
    """
    pattern, fields = _reader(layout, inner_blanks)
    found = pattern.fullmatch(text)
    problem = Unfit(f"`{text[:80]}` is no date in the format `{layout}`")
    if found is None:
        raise problem
    parts: dict[str, str] = {}
    for name, part in zip(fields, found.groups(), strict=True):
        if part is not None and parts.setdefault(name, part) != part:
            raise problem
    try:
        return _moment(parts, now)
    except (ValueError, OverflowError):
        raise problem from None


@lru_cache(maxsize=256)
def _reader(layout: str, inner_blanks: bool) -> tuple[re.Pattern[str], tuple[str, ...]]:  # noqa: FBT001
    """A pattern, and what each of its groups holds. Quantifiers are possessive: as .NET, it never goes back."""
    patterns: list[str] = []
    fields: list[str] = []
    for letter, run in pieces(layout):
        if letter == "F" and patterns and patterns[-1] == r"\.":
            patterns[-1] = rf"(?:\.(\d{{1,{len(run)}}}+))?+"
            fields.append("fraction")
        elif letter in {"g", "Z"}:
            patterns.append("(?:A\\.D\\.|AD)" if letter == "g" else "(?:Z|GMT)")
        elif letter:
            field, pattern = _readable(letter, len(run))
            patterns.append(pattern)
            fields.append(field)
        else:
            patterns.append(re.escape(run))
    return re.compile((r"\s*" if inner_blanks else "").join(patterns), re.IGNORECASE | re.ASCII), tuple(fields)


def _readable(letter: str, length: int) -> tuple[str, str]:
    number = r"(\d{1,2}+)" if length == 1 else r"(\d{2})"
    if letter in "dM" and length > 2:  # noqa: PLR2004
        names = WEEKDAYS if letter == "d" else MONTHS
        short = names if length > 3 else [name[:3] for name in names]  # noqa: PLR2004
        return ("weekday" if letter == "d" else "name"), f"({'|'.join(short)})"
    if letter == "y":
        return "year", number if length <= 2 else rf"(\d{{{max(length, 4)}}})"  # noqa: PLR2004
    if letter in "fF":
        return "fraction", rf"(\d{{{length}}})" if letter == "f" else rf"(\d{{0,{length}}}+)"
    simple = {"d": "day", "M": "month", "h": "hour12", "H": "hour", "m": "minute", "s": "second"}
    if letter in simple:
        return simple[letter], number
    offset = (r"[+-]\d{1,2}+", r"[+-]\d{2}", r"[+-]\d{2}:?\d{2}")[min(length, 3) - 1]
    other = {"t": ("half", "([AP])" if length == 1 else "([AP]M)"), "z": ("zone", f"({offset})")}
    return other.get(letter, ("zone", r"(Z|[+-]\d{2}:?\d{2})?"))


def _moment(parts: dict[str, str], now: datetime) -> datetime:
    month = month_of(parts["name"]) if "name" in parts else int(parts["month"]) if "month" in parts else None
    year = full_year(parts["year"]) if "year" in parts else None
    day = int(parts["day"]) if "day" in parts else None
    if year is month is day is None:
        year, month, day = now.year, now.month, now.day
    hour = hour_of(int(parts["hour12"]), parts.get("half")) if "hour12" in parts else int(parts.get("hour", "0"))
    moment = datetime(
        now.year if year is None else year,
        1 if month is None else month,
        1 if day is None else day,
        hour,
        int(parts.get("minute", "0")),
        int(parts.get("second", "0")),
        microseconds_of(parts.get("fraction", "")),
        zone_of(parts.get("zone")),
    )
    if "weekday" in parts and WEEKDAYS[moment.weekday()][:3].lower() != parts["weekday"][:3].lower():
        raise ValueError("another day of the week")
    return moment.astimezone(UTC)

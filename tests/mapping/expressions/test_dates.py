"""Date formats of .NET, written and read."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.mapping.expressions.date_formats import read, write
from reconciler.mapping.expressions.date_texts import to_moment
from reconciler.mapping.expressions.inner import Unfit, date_text

NOW = datetime(2025, 7, 30, 9, 5, 7, tzinfo=UTC)
MOMENT = datetime(2009, 6, 5, 13, 4, 7, 617500, tzinfo=UTC)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("d/M/yy", None),
        ("%d", "5"),
        ("dd ddd dddd", "05 Fri Friday"),
        ("M MM MMM MMMM", "6 06 Jun June"),
        ("%y yy yyy yyyy yyyyy", "9 09 2009 2009 02009"),
        ("%h hh H HH", "1 01 13 13"),
        ("%m mm s ss", "4 04 7 07"),
        ("f fff ffffff fffffff", "6 617 617500 6175000"),
        ("FFF FFFFFFF", "617 6175"),
        ("t tt", "P PM"),
        ("z zz zzz K", "+0 +00 +00:00 Z"),
        ("yyyyMMddHHmmss.fZ", "20090605130407.6Z"),
        ("'at' h\\h \"mm\" g", "at 1h mm A.D."),
        ("d", "06/05/2009"),
        ("D", "Friday, 05 June 2009"),
        ("f", "Friday, 05 June 2009 13:04"),
        ("F", "Friday, 05 June 2009 13:04:07"),
        ("g", "06/05/2009 13:04"),
        ("G", "06/05/2009 13:04:07"),
        ("M", "June 05"),
        ("o", "2009-06-05T13:04:07.6175000Z"),
        ("R", "Fri, 05 Jun 2009 13:04:07 GMT"),
        ("s", "2009-06-05T13:04:07"),
        ("t", "13:04"),
        ("T", "13:04:07"),
        ("u", "2009-06-05 13:04:07Z"),
        ("Y", "2009 June"),
    ],
)
def test_writing(layout: str, expected: str | None) -> None:
    assert write(MOMENT, layout) == (expected or "5/6/09")


def test_a_point_goes_with_the_fraction_that_is_not_there() -> None:
    assert write(MOMENT.replace(microsecond=0), "ss.FFF") == "07"
    assert write(MOMENT.replace(hour=0), "h tt") == "12 AM"


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("20150123105347.1Z", "yyyyMMddHHmmss.fZ", "1/23/2015 10:53:47 AM"),
        ("2020-12-31-08:00", "yyyy-MM-ddzzz", "12/31/2020 8:00:00 AM"),
        ("2020-12-31-0830", "yyyy-MM-ddzzz", "12/31/2020 8:30:00 AM"),
        ("2020-12-31 +2", "yyyy-MM-dd z", "12/30/2020 10:00:00 PM"),
        ("2020-12-31 -02", "yyyy-MM-dd zz", "12/31/2020 2:00:00 AM"),
        ("2020-12-31T10:00:00Z", "yyyy-MM-dd'T'HH:mm:ssK", "12/31/2020 10:00:00 AM"),
        ("2020-12-31T10:00:00+01:00", "yyyy-MM-dd'T'HH:mm:ssK", "12/31/2020 9:00:00 AM"),
        ("2020-12-31T10:00:00", "yyyy-MM-dd'T'HH:mm:ssK", "12/31/2020 10:00:00 AM"),
        ("12/31/2020 12:00:00 AM", "M/d/yyyy hh:mm:ss tt", "12/31/2020 12:00:00 AM"),
        ("1/2/2020 12:30:00 pm", "M/d/yyyy h:mm:ss tt", "1/2/2020 12:30:00 PM"),
        ("01/02/2020 3P", "MM/dd/yyyy ht", "1/2/2020 3:00:00 PM"),
        ("31122020", "ddMMyyyy", "12/31/2020 12:00:00 AM"),
        ("1 Mar 49", "d MMM yy", "3/1/2049 12:00:00 AM"),
        ("1 march 50", "d MMMM yy", "3/1/1950 12:00:00 AM"),
        ("Friday 05 June 2009 A.D.", "dddd dd MMMM yyyy g", "6/5/2009 12:00:00 AM"),
        ("10:00:00.5", "HH:mm:ss.FFF", "7/30/2025 10:00:00 AM"),
        ("10:00:00", "HH:mm:ss.FFF", "7/30/2025 10:00:00 AM"),
        ("10:007", "HH:mmF", "7/30/2025 10:00:00 AM"),
        ("02", "MM", "2/1/2025 12:00:00 AM"),
        ("15", "dd", "1/15/2025 12:00:00 AM"),
        ("2009-06-05T13:04:07.6175000Z", "o", "6/5/2009 1:04:07 PM"),
        ("Fri, 05 Jun 2009 13:04:07 GMT", "r", "6/5/2009 1:04:07 PM"),
        ("06/05/2009", "d", "6/5/2009 12:00:00 AM"),
    ],
)
def test_reading(text: str, layout: str, expected: str) -> None:
    assert date_text(read(text, layout, NOW)) == expected


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("2020-13-01", "yyyy-MM-dd"),
        ("2020-02-30", "yyyy-MM-dd"),
        ("2020-1-01", "yyyy-MM-dd"),
        ("20-01-01", "yyyy-MM-dd"),
        ("2020-01-01 ", "yyyy-MM-dd"),
        ("Monday 05 June 2009", "dddd dd MMMM yyyy"),
        ("13:00 PM", "h:mm tt"),
        ("1 2", "d d"),
        ("01/01/0001 +14:00", "MM/dd/yyyy zzz"),
        ("2020 +99:00", "yyyy zzz"),
        ("10:00:00Z", "HH:mm:ss"),
    ],
)
def test_what_does_not_fit_the_format(text: str, layout: str) -> None:
    with pytest.raises(Unfit) as caught:
        read(text, layout, NOW)
    assert str(caught.value) == f"`{text}` is no date in the format `{layout}`"


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        ("", "expected a date format such as `yyyy-MM-dd`, found an empty text"),
        ("x", "`x` is no standard date format of .NET"),
        ("'T", "the date format `'T` has a quote that is not closed"),
        ("yy\\", "the date format `yy\\` ends in a backslash"),
        ("yy%", "the date format `yy%` has a `%` with no letter behind it"),
        ("%%d", "the date format `%%d` has a `%` with no letter behind it"),
        ("ffffffff", "the date format `ffffffff` has more than 7 `f`"),
    ],
)
def test_formats_that_are_none(layout: str, problem: str) -> None:
    with pytest.raises(Unfit) as caught:
        write(MOMENT, layout)
    assert str(caught.value) == problem


MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    MOMENTS,
    st.sampled_from(["o", "yyyy-MM-dd HH:mm:ss.ffffffzzz", "dddd d MMMM yyyy h:m:s.FFFFFF tt", "yyyyMMddHHmmssffffff"]),
)
def test_what_is_written_is_read(moment: datetime, layout: str) -> None:
    assert read(write(moment, layout), layout, NOW) == moment


@given(MOMENTS)
def test_a_printed_date_is_a_date(moment: datetime) -> None:
    assert to_moment(date_text(moment)) == moment.replace(microsecond=0)


@given(
    st.text(alphabet="0123456789-/: TZapmAPM+.,JanMonday", max_size=30),
    st.text(alphabet="dMyhHmsfFtzKgZ%'\\\"/:. ", max_size=20),
)
def test_any_text_and_format_is_read_or_unfit(text: str, layout: str) -> None:
    with suppress(Unfit):
        to_moment(text)
    with suppress(Unfit):
        read(text, layout, NOW)
    with suppress(Unfit):
        write(MOMENT, layout)

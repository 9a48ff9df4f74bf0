"""Points in time that people write: for `--at`, and for tests of a mapping."""

from __future__ import annotations

from datetime import datetime

from reconciler.core.times import in_utc


def parse_clock(text: str) -> datetime:
    """A point in time in UTC, of ISO 8601 or any form that CDate takes; without an offset it is meant in UTC.

    Raises ValueError.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        from reconciler.mapping.expressions.date_texts import to_moment
        from reconciler.mapping.expressions.inner import Unfit

        try:
            moment = to_moment(text)
        except Unfit:
            message = f"`{text}` is no time such as 2026-11-01 or 2026-11-01T08:00:00+01:00"
            raise ValueError(message) from None
    try:
        return in_utc(moment)
    except OverflowError:
        message = f"`{text}` is before the first year or after the last one"
        raise ValueError(message) from None

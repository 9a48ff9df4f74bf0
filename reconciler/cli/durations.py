"""Spans of time on the command line."""

from __future__ import annotations

import click

from reconciler.core.durations import parse_duration


class Duration(click.ParamType[float]):
    """Seconds, written as `90s`, `10m`, `2h` or a plain number of seconds."""

    name = "DURATION"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)

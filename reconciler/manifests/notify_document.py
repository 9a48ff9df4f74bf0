"""`notify` in a Tenant document: who is told what."""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator

from reconciler.core.durations import parse_duration
from reconciler.core.notifications import Destination, Detail, Notifications, Topic
from reconciler.manifests.document import Document

_TOPICS: tuple[Topic, ...] = get_args(Topic)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_SECRET = "expected {env: NAME}: an address is a secret, name the environment variable that holds it"  # noqa: S105


def _map(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(_SECRET)  # noqa: TRY004 - pydantic's protocol
    return value


def _several(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _variable(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(_SECRET)
    return value


def _some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("expected at least one")
    return value


def _duration(value: str) -> str:
    parse_duration(value)
    return value


Topics = Annotated[
    tuple[Topic, ...],
    BeforeValidator(_several, json_schema_input_type=Topic | tuple[Topic, ...]),
    AfterValidator(_some),
]


class DestinationDocument(Document):
    """Where news goes; without `on`, all that the tenant tells."""

    env: Annotated[str, AfterValidator(_variable)]
    on: Topics | None = None


class NotifyDocument(Document):
    """Who is told what, in which detail, how often."""

    to: Annotated[
        tuple[Annotated[DestinationDocument, BeforeValidator(_map)], ...],
        BeforeValidator(_several, json_schema_input_type=DestinationDocument | tuple[DestinationDocument, ...]),
        AfterValidator(_some),
    ]
    on: Topics = _TOPICS
    detail: Detail = "counts"
    every: Annotated[str, AfterValidator(_duration)] = "24h"


def build_notifications(document: NotifyDocument) -> Notifications:
    """What the document says, its durations in seconds."""
    to = tuple(Destination(each.env, frozenset(each.on or document.on)) for each in document.to)
    return Notifications(to, document.detail, parse_duration(document.every))

"""The shape of `tolerate` in a Tenant document, and the rules that it comes to."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from reconciler.core.model import ResourceType
from reconciler.core.tolerance import Tolerance
from reconciler.manifests.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.core.model import Source


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) and not isinstance(value, bool) else value


def _said(value: str) -> str:
    if not value.strip():
        raise ValueError("expected text, found none")
    return value


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("expected at least one: an empty list covers nothing")
    return value


Words = Annotated[str, AfterValidator(_said)]
Names = Annotated[
    tuple[Words, ...],
    AfterValidator(_some),
    BeforeValidator(_several, json_schema_input_type=str | list[str]),
]


class ToleranceDocument(Document):
    """Differences that are tolerated until a date."""

    resource: Literal["User", "Group"]
    key: Names
    attributes: Names | None = None
    owner: Words
    reason: Words
    until: date


def build_tolerances(documents: Iterable[ToleranceDocument], source: Source) -> tuple[Tolerance, ...]:
    """The rules of the tenant that is declared at `source`."""
    return tuple(
        Tolerance(
            ResourceType(each.resource), each.key, each.owner, each.reason, each.until, each.attributes or (), source
        )
        for each in documents
    )

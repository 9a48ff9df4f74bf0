"""What goes in and out of the sandbox: requests, responses, and the refusals that 4me words its own way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, object]

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
JSON_HEADERS = (("Content-Type", "application/json"),)
PIECES = 20
"""In so many a slow body is handed over."""
_PADDING = b" " * 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: `path` decoded, `query` as sent, header names in lower case."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def target(self) -> str:
        """Path and query, as a log shows them."""
        return f"{self.path}?{self.query}" if self.query else self.path


NOTHING_DONE = 0
"""The status of a response that is never seen, to a request that was not acted upon."""


class Delivery(Enum):
    """How a front hands a response over: whole, in part, without an end, or not at all.

    Not at all: the connection is closed (`DROPPED`), reset, held open in silence, or closed together with the port
    (`DOWN`).
    """

    WHOLE = "whole"
    TRUNCATED = "truncated"
    ENDLESS = "endless"
    DROPPED = "dropped"
    RESET = "reset"
    SILENT = "silent"
    DOWN = "down"

    @property
    def is_seen(self) -> bool:
        """Whether the client sees any of the response."""
        return self in (Delivery.WHOLE, Delivery.TRUNCATED, Delivery.ENDLESS)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; the fronts add Content-Length and keep to `delivery`.

    `seconds`: over which the body is spread or, with `DOWN`, the port is closed. `padding`: bytes of white space that
    follow the body.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = JSON_HEADERS
    delivery: Delivery = Delivery.WHOLE
    seconds: float = 0.0
    padding: int = 0

    @property
    def reason(self) -> str:
        """The status line's words, such as `Not Found`."""
        return HTTPStatus(self.status).phrase

    @property
    def delivered(self) -> bytes:
        """The part of the body that is handed over."""
        return self.body[: len(self.body) // 2] if self.delivery is Delivery.TRUNCATED else self.body

    @property
    def length(self) -> int:
        """The length that the header tells."""
        return len(self.body) + self.padding

    def pieces(self) -> Iterator[bytes]:
        """What is handed over, piece by piece; without an end where it has none. Between two, a slow one pauses."""
        size = max(1, -(-len(self.delivered) // PIECES)) if self.seconds else max(1, len(self.delivered))
        for start in range(0, len(self.delivered), size):
            yield self.delivered[start : start + size]
        for start in range(0, self.padding, len(_PADDING)):
            yield _PADDING[: self.padding - start]
        while self.delivery is Delivery.ENDLESS:
            yield _PADDING


class Refusal(Exception):
    """The request is answered with an error status and a JSON body."""

    def __init__(self, status: int, body: JsonObject, *headers: tuple[str, str]) -> None:
        super().__init__(f"{status} {body.get('message')}")
        self.response = json_response(body, status=status, headers=headers)


def encode_json(value: object) -> str:
    """JSON as the sandbox writes it: compact, characters unescaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_response(
    body: JsonObject | str, *, status: int = HTTPStatus.OK, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    """Return a JSON answer; `body` may be JSON text already."""
    text = body if isinstance(body, str) else encode_json(body)
    return Response(status, text.encode(), JSON_HEADERS + headers)


def bad_request(message: str, *, scim_type: str | None = None) -> Refusal:
    """400 for parameters, filters or bodies that cannot be read (RFC 7644 §3.12 names the `scimType`)."""
    if scim_type is None:
        return Refusal(HTTPStatus.BAD_REQUEST, {"message": message})
    return scim_error(HTTPStatus.BAD_REQUEST, scim_type, message)


def scim_error(status: int, scim_type: str, message: str) -> Refusal:
    """Return a SCIM error object (RFC 7644 §3.12) that carries 4me's `message` as well."""
    body: JsonObject = {
        "schemas": [ERROR_SCHEMA],
        "status": str(int(status)),
        "scimType": scim_type,
        "detail": message,
        "message": message,
    }
    return Refusal(status, body)


def validation_failed(errors: list[tuple[str, str]]) -> Refusal:
    """422 with a pair of field and text for everything that is wrong."""
    body: JsonObject = {"message": "Validation Failed", "errors": [list(error) for error in errors]}
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, body)


def not_found() -> Refusal:
    """404 for an unknown path or id."""
    return Refusal(HTTPStatus.NOT_FOUND, {"message": "Not Found"})


def parse_object(body: bytes) -> JsonObject:
    """Parse the JSON object in a request body; anything else is refused with 400."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("the request body is not valid JSON") from None
    if not isinstance(value, dict):
        raise bad_request("the request body must be a JSON object")
    return value

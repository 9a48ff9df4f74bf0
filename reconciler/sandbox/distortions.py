"""What the faults do to requests and answers: lies in lists, odd JSON, bodies that are cut, huge or slow."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from reconciler.sandbox.attributes import CUSTOM_FIELDS_SCHEMA
from reconciler.sandbox.faults import Fault
from reconciler.sandbox.instead import error_response
from reconciler.sandbox.messages import Delivery, JsonObject, Request, Response, encode_json
from reconciler.sandbox.normalising import normalise_request

Distortion = Callable[[JsonObject, Fault, Request], None]

OVERLAP = 5
"""Rows by which pages overlap."""


def distort_request(fault: Fault, request: Request) -> Request:
    """Return the request as it is to be worked off: with `overlap`, later pages start some rows too early."""
    if fault.kind == "normalise":
        return normalise_request(request, fault.value)
    parameters = dict(parse_qsl(request.query, keep_blank_values=True))
    start = parameters.get("startIndex", "1")
    if fault.kind != "overlap" or not start.isdecimal() or int(start) <= 1:
        return request
    parameters["startIndex"] = str(max(1, int(start) - OVERLAP))
    return dataclasses.replace(request, query=urlencode(parameters))


def distort_response(fault: Fault, request: Request, response: Response) -> Response:
    """Return the answer as it is sent, after the request was acted upon; `request` as it came in."""
    if fault.kind in _DELIVERIES:
        return dataclasses.replace(response, **_DELIVERIES[fault.kind](fault))
    if fault.kind not in _DISTORTIONS and fault.kind not in _REWRITES:
        return response
    if not response.body or response.status >= HTTPStatus.BAD_REQUEST:
        return response
    try:
        body = json.loads(response.body.decode())
    except ValueError:  # another fault saw to that
        return response
    if fault.kind in _REWRITES:
        return _REWRITES[fault.kind](fault, body, response)
    _DISTORTIONS[fault.kind](body, fault, request)
    return dataclasses.replace(response, body=encode_json(body).encode())


def comes_last(fault: Fault) -> bool:
    """Whether it leaves nothing behind that other faults could still distort."""
    return fault.kind in _REWRITES


def distort_date(faults: tuple[Fault, ...], now: float) -> tuple[tuple[str, str], ...]:
    """The Date header, which is later or earlier than it is, is no date, or is not there."""
    fault = next((fault for fault in faults if fault.kind == "date"), None)
    match fault.value if fault else "":
        case "none":
            return ()
        case "junk":
            return (("date", "yesterday, about noon"),)
        case apart:
            return (("date", formatdate(now + int(apart or 0), usegmt=True)),)


def _resources(body: JsonObject) -> list[JsonObject]:
    listed = body.get("Resources")
    return listed if isinstance(listed, list) else [body]


def _lie_about_total(body: JsonObject, fault: Fault, _request: Request) -> None:
    total = body.get("totalResults")
    if isinstance(total, int):
        body["totalResults"] = max(0, total + int(fault.value))


def _shorten_page(body: JsonObject, _fault: Fault, _request: Request) -> None:
    rows = body.get("Resources")
    if isinstance(rows, list):
        body["Resources"] = rows[: (len(rows) + 1) // 2]


def _claim_start(body: JsonObject, _fault: Fault, request: Request) -> None:
    start = dict(parse_qsl(request.query)).get("startIndex")
    if start is not None and "startIndex" in body:
        body["startIndex"] = int(start)


def _write_booleans_as_text(body: JsonObject, _fault: Fault, _request: Request) -> None:
    for resource in _resources(body):
        if isinstance(resource.get("active"), bool):
            resource["active"] = str(resource["active"])


def _write_ids_as_numbers(body: JsonObject, _fault: Fault, _request: Request) -> None:
    for resource in _resources(body):
        if str(resource.get("id", "")).isdecimal():
            resource["id"] = int(str(resource["id"]))
        for item in _items(resource, "members") + _items(resource, "groups"):
            item["value"] = int(str(item["value"]))


def _items(resource: JsonObject, name: str) -> list[JsonObject]:
    listed = resource.get(name)
    return listed if isinstance(listed, list) else []


def _leave_out(name: str) -> Distortion:
    def distort(body: JsonObject, _fault: Fault, _request: Request) -> None:
        for resource in _resources(body):
            resource.pop(name, None)

    return distort


def _with_note(body: JsonObject) -> str:
    """The JSON text with an attribute that nobody knows, whose value looks different in every encoding."""
    return encode_json(body | {"note": "é"})


def _say_twice(body: JsonObject) -> str:
    """The JSON text with what decides said twice, the second time differently (RFC 8259 §4: whatever that means)."""
    if "totalResults" in body:
        rows = ",".join(_say_twice(row) for row in _resources(body))
        head = encode_json({name: value for name, value in body.items() if name != "Resources"})
        return f'{head[:-1]},"Resources":[{rows}],"totalResults":0,"Resources":[]}}'
    other: JsonObject = {name: f"not {body[name]}" for name in ("userName", "displayName") if name in body}
    if "active" in body:
        other["active"] = not body["active"]
    return f"{encode_json(body)[:-1]},{encode_json(other)[1:]}"


def _recoded(fault: Fault, body: JsonObject, response: Response) -> Response:
    return dataclasses.replace(response, body=_with_note(body).encode(fault.value))


def _doubled(_fault: Fault, body: JsonObject, response: Response) -> Response:
    return dataclasses.replace(response, body=_say_twice(body).encode())


_DELIVERIES: dict[str, Callable[[Fault], dict[str, Any]]] = {
    "lost": lambda _fault: {"delivery": Delivery.DROPPED},
    "truncated": lambda _fault: {"delivery": Delivery.TRUNCATED},
    "reset": lambda _fault: {"delivery": Delivery.RESET},
    "silent": lambda _fault: {"delivery": Delivery.SILENT},
    "endless": lambda _fault: {"delivery": Delivery.ENDLESS},
    "slow": lambda fault: {"seconds": float(fault.value)},
    "huge": lambda fault: {"padding": int(fault.value) * 1024 * 1024},
}
_REWRITES: dict[str, Callable[[Fault, JsonObject, Response], Response]] = {
    "acted": lambda fault, _body, _response: error_response(fault.value),
    "charset": _recoded,
    "duplicate-keys": _doubled,
}
_DISTORTIONS: dict[str, Distortion] = {
    "total": _lie_about_total,
    "short-pages": _shorten_page,
    "overlap": _claim_start,
    "string-booleans": _write_booleans_as_text,
    "numeric-ids": _write_ids_as_numbers,
    "no-members": _leave_out("members"),
    "no-custom-fields": _leave_out(CUSTOM_FIELDS_SCHEMA),
}

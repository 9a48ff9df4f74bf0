"""What the faults do to requests and answers: lies in lists, odd JSON, pages that are not JSON, cut bodies."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from reconciler.sandbox.attributes import CUSTOM_FIELDS_SCHEMA
from reconciler.sandbox.faults import Fault
from reconciler.sandbox.messages import Delivery, JsonObject, Request, Response, encode_json, json_response

Distortion = Callable[[JsonObject, Fault, Request], None]

OVERLAP = 5
"""Rows by which pages overlap."""


def answer_instead(faults: tuple[Fault, ...], now: float) -> Response | None:
    """Return the answer that is given without acting upon the request, if a fault says so."""
    for fault in faults:
        match fault.kind:
            case "refused":
                return Response(HTTPStatus.SERVICE_UNAVAILABLE, delivery=Delivery.DROPPED)
            case "status":
                status = HTTPStatus(int(fault.value))
                return json_response({"message": status.phrase}, status=status, headers=fault.retry_after_header(now))
            case "html":
                return _page(HTTPStatus(int(fault.value or HTTPStatus.OK)), fault.retry_after_header(now))
    return None


def distort_request(faults: tuple[Fault, ...], request: Request) -> Request:
    """Return the request as it is to be worked off: with `overlap`, later pages start some rows too early."""
    parameters = dict(parse_qsl(request.query, keep_blank_values=True))
    start = parameters.get("startIndex", "1")
    if not any(fault.kind == "overlap" for fault in faults) or not start.isdecimal() or int(start) <= 1:
        return request
    parameters["startIndex"] = str(max(1, int(start) - OVERLAP))
    return dataclasses.replace(request, query=urlencode(parameters))


def distort_response(faults: tuple[Fault, ...], request: Request, response: Response) -> Response:
    """Return the answer as it is sent, after the request was acted upon; `request` as it came in."""
    for fault in faults:
        if fault.kind in _DISTORTIONS and response.body and response.status < HTTPStatus.BAD_REQUEST:
            body = json.loads(response.body)
            _DISTORTIONS[fault.kind](body, fault, request)
            response = dataclasses.replace(response, body=encode_json(body).encode())
        elif fault.kind in _DELIVERIES:
            response = dataclasses.replace(response, delivery=_DELIVERIES[fault.kind])
    return response


def _page(status: HTTPStatus, headers: tuple[tuple[str, str], ...]) -> Response:
    text = (
        f"<!DOCTYPE html><html><head><title>{status.phrase}</title></head><body><h1>{status.phrase}</h1></body></html>"
    )
    return Response(status, text.encode(), (("Content-Type", "text/html; charset=utf-8"), *headers))


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


_DELIVERIES = {"lost": Delivery.DROPPED, "truncated": Delivery.TRUNCATED}
_DISTORTIONS: dict[str, Distortion] = {
    "total": _lie_about_total,
    "short-pages": _shorten_page,
    "overlap": _claim_start,
    "string-booleans": _write_booleans_as_text,
    "numeric-ids": _write_ids_as_numbers,
    "no-members": _leave_out("members"),
    "no-custom-fields": _leave_out(CUSTOM_FIELDS_SCHEMA),
}

"""Answers that are given without acting upon a request, and no answers at all."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from reconciler.sandbox.messages import NOTHING_DONE, Delivery, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.sandbox.faults import Fault


def answer_instead(faults: tuple[Fault, ...], now: float) -> tuple[Response, Fault] | None:
    """Return the answer that is given without acting upon the request, and the fault that says so, if one does."""
    for fault in faults:
        if fault.kind in _ANSWERS and fault.value != "after":
            return _ANSWERS[fault.kind](fault, now), fault
    return None


def error_response(status: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """An error status with its usual words."""
    found = HTTPStatus(int(status))
    return json_response({"message": found.phrase}, status=found, headers=headers)


def _page(fault: Fault, now: float) -> Response:
    status = HTTPStatus(int(fault.value or HTTPStatus.OK))
    text = (
        f"<!DOCTYPE html><html><head><title>{status.phrase}</title></head><body><h1>{status.phrase}</h1></body></html>"
    )
    headers = (("Content-Type", "text/html; charset=utf-8"), *fault.retry_after_header(now))
    return Response(status, text.encode(), headers)


_ANSWERS: dict[str, Callable[[Fault, float], Response]] = {
    "refused": lambda _fault, _now: Response(NOTHING_DONE, delivery=Delivery.DROPPED),
    "reset": lambda _fault, _now: Response(NOTHING_DONE, delivery=Delivery.RESET),
    "silent": lambda _fault, _now: Response(NOTHING_DONE, delivery=Delivery.SILENT),
    "down": lambda fault, _now: Response(NOTHING_DONE, delivery=Delivery.DOWN, seconds=float(fault.value)),
    "status": lambda fault, now: error_response(fault.value, fault.retry_after_header(now)),
    "html": _page,
}

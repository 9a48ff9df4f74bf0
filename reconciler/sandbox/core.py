"""The local 4me itself: a request in, a response out.

Touches its store, the log, the clock and the sleep that it is given, and nothing else; fronts bring the network.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from reconciler.sandbox.access import check_access
from reconciler.sandbox.discovery import describe_resource_types, describe_schemas, describe_service
from reconciler.sandbox.distortions import answer_instead, distort_request, distort_response
from reconciler.sandbox.faults import Fault, FaultCounter
from reconciler.sandbox.generate import Organisation, fill_generated
from reconciler.sandbox.limits import Budget, RateLimiter
from reconciler.sandbox.messages import (
    Delivery,
    Refusal,
    Request,
    Response,
    json_response,
    not_found,
    parse_object,
)
from reconciler.sandbox.reading import find_row, list_page, render_whole
from reconciler.sandbox.rendering import BASE_PATH
from reconciler.sandbox.requestlog import LoggedRequest, RequestLog
from reconciler.sandbox.seed import fill_seed
from reconciler.sandbox.store import Kind, Store, open_store
from reconciler.sandbox.writing import Rules, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.sandbox.records import PartialComplex

DEFAULT_ACCOUNT = "widget"
BANNER = f"""This is a sandbox: a local stand-in for 4me, with made-up people in it.
Nothing that is sent here reaches a real account. The SCIM API is at {BASE_PATH}.
"""
_KINDS: dict[str, Kind] = {"Users": "User", "Groups": "Group"}


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How the sandbox is filled, limited and disturbed.

    `database` None keeps everything in memory. A new database is filled with `organisation` where that is given,
    else with the small seed, or stays empty where `seeded` is false; one that exists is used as it is.
    `token` None lets everybody in; `account` None accepts any account header. `rate_limit` is per rolling hour,
    `burst_limit` per two seconds, `latency` in seconds a request.
    """

    database: Path | None = None
    seeded: bool = True
    organisation: Organisation | None = None
    token: str | None = None
    account: str | None = None
    rate_limit: int = 3600
    burst_limit: int | None = None
    latency: float = 0.0
    faults: tuple[Fault, ...] = ()
    log: Path | None = None
    partial_complex: PartialComplex = "merge"
    membership_touches_group: bool = True
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Sandbox:
    """A 4me account that answers requests. Safe for threads; close it when done."""

    def __init__(self, options: SandboxOptions, store: Store) -> None:
        self._options = options
        self._store = store
        self._account = options.account or DEFAULT_ACCOUNT
        rules = Rules(
            self._account,
            options.clock,
            partial_complex=options.partial_complex,
            membership_touches_group=options.membership_touches_group,
        )
        self._writer = Writer(store, rules)
        self._limiter = RateLimiter(options.rate_limit, options.burst_limit)
        self._faults = FaultCounter(options.faults)
        self._log = RequestLog(options.log)

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request so far, in the order of the answers."""
        return self._log.entries

    def close(self) -> None:
        """Close the database and the log."""
        self._store.close()
        self._log.close()

    def handle(self, request: Request) -> Response:
        """Answer one request; a front hands the response over as its `delivery` says."""
        faults = self._faults.strike(request)
        delay = self._options.latency + sum(float(fault.value) for fault in faults if fault.kind == "latency")
        if delay:
            self._options.sleep(delay)
        now = self._options.clock()
        response, budget = self._answer(request, faults, now)
        refused = response.delivery is Delivery.DROPPED and any(fault.kind == "refused" for fault in faults)
        self._log.add(request, None if refused else response.status, now, tuple(fault.kind for fault in faults))
        given = {name for name, _ in response.headers}
        told = (("date", formatdate(now, usegmt=True)), *budget.headers)
        headers = tuple(header for header in told if header[0] not in given)
        return dataclasses.replace(response, headers=response.headers + headers)

    def _answer(self, request: Request, faults: tuple[Fault, ...], now: float) -> tuple[Response, Budget]:
        budget = self._limiter.peek(now)
        try:
            check_access(request.headers, token=self._options.token, account=self._options.account)
        except Refusal as refusal:
            return refusal.response, budget
        budget = self._limiter.take(now)
        if budget.retry_after is not None:
            return _too_many(budget), budget
        instead = answer_instead(faults, now)
        if instead is not None:
            return instead, budget
        return distort_response(faults, request, self._route(distort_request(faults, request))), budget

    def _route(self, request: Request) -> Response:
        try:
            if request.path == "/":
                return Response(HTTPStatus.OK, BANNER.encode(), (("Content-Type", "text/plain; charset=utf-8"),))
            if not request.path.startswith(f"{BASE_PATH}/"):
                raise not_found()
            name, _, rest = request.path.removeprefix(f"{BASE_PATH}/").rstrip("/").partition("/")
            if name in _KINDS:
                return self._answer_resource(_KINDS[name], rest, request)
            return json_response(self._describe(name, rest or None, request.method))
        except Refusal as refusal:
            return refusal.response

    def _answer_resource(self, kind: Kind, id_: str, request: Request) -> Response:
        match request.method, bool(id_):
            case "GET", False:
                with self._store.reading():
                    return json_response(list_page(self._store, self._account, kind, request.query))
            case "GET", True:
                with self._store.reading():
                    row = find_row(self._store, kind, id_)
                    return json_response(render_whole(self._store, self._account, row))
            case "POST", False:
                sent = parse_object(request.body)
                with self._store.writing():
                    return json_response(self._writer.create(kind, sent), status=HTTPStatus.CREATED)
            case ("PUT" | "PATCH") as method, True:
                sent = parse_object(request.body)
                with self._store.writing():
                    row = find_row(self._store, kind, id_)
                    return json_response(self._writer.update(row, sent, replaces=method == "PUT"))
            case "DELETE", True:
                return self._delete(kind, id_, hard=parse_qs(request.query).get("hard") == ["true"])
        raise not_found()

    def _delete(self, kind: Kind, id_: str, *, hard: bool) -> Response:
        with self._store.writing():
            row = find_row(self._store, kind, id_)
            if hard:
                self._writer.remove(row)
            else:
                self._writer.deactivate(row)
        return Response(HTTPStatus.NO_CONTENT, headers=())

    def _describe(self, name: str, rest: str | None, method: str) -> str:
        match method, name:
            case "GET", "ServiceProviderConfig" if rest is None:
                return describe_service(self._account)
            case "GET", "ResourceTypes":
                return describe_resource_types(self._account, rest)
            case "GET", "Schemas":
                return describe_schemas(self._account, rest)
        raise not_found()


def open_sandbox(options: SandboxOptions) -> Sandbox:
    """Open a sandbox on its database, filled if that is new. Raises OperatorError where a file cannot be used."""
    account = options.account or DEFAULT_ACCOUNT

    def fill(store: Store) -> None:
        if options.organisation is not None:
            fill_generated(store, account, options.organisation)
        elif options.seeded:
            fill_seed(store, account)

    store = open_store(options.database, fill)
    try:
        return Sandbox(options, store)
    except BaseException:
        store.close()
        raise


def _too_many(budget: Budget) -> Response:
    body: dict[str, object] = {
        "message": "Too Many Requests",
        "retry_after": budget.retry_after,
        "limit": budget.limit,
    }
    return json_response(body, status=HTTPStatus.TOO_MANY_REQUESTS)

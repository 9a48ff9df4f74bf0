"""One HTTP client: authentication, pacing, retries, and errors in plain words. Nothing in it can delete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, unquote_plus, urlsplit

import httpx

from reconciler.errors import LostAnswer, NotSent, ServiceError, Unreachable
from reconciler.scim.connection import Connection, check_endpoint
from reconciler.scim.exchange import Exchange, open_application, open_transport
from reconciler.scim.exchanged import Exchanged
from reconciler.scim.messages import describe_body, explain_answer
from reconciler.scim.pacing import LONGEST_WAIT, Pace, Pacer
from reconciler.scim.ratelimit import read_retry_after
from reconciler.scim.secret import Secret
from reconciler.scim.transports import TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.scim.transports import Answer, Request

Method = Literal["GET", "POST", "PUT", "PATCH"]
ATTEMPTS = 5
MAX_BACKOFF = 30.0
MAX_REDIRECTS = 5
UNAVAILABLE = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
DOUBT = "it may have been carried out"
_NO_WORD = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
"""Statuses that leave open whether a write was carried out."""
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
IN_PROCESS = "http://sandbox.localhost/scim/v2"


@dataclass(frozen=True, slots=True)
class _Failed:
    """An attempt that is worth repeating. `refused`: by a rate limit. `paced`: the service said when to come back."""

    reason: str
    refused: bool = False
    paced: bool = False


class Client:
    """Sends requests to one tenant; safe to use from several threads."""

    def __init__(
        self,
        connection: Connection,
        *,
        application: Callable[..., Iterable[bytes]] | None = None,
        on_talk: Callable[[str], None] = lambda _text: None,
        on_exchange: Callable[[Exchanged], None] | None = None,
    ) -> None:
        self.endpoint = IN_PROCESS if application else check_endpoint(connection.endpoint)
        limits = (connection.requests_per_hour, connection.requests_per_two_seconds)
        waiting, timing = connection.waiting, connection.waiting.timing
        self.pacer = Pacer(Pace(*limits, waiting.longest, waiting.stop), on_wait=on_talk, timing=timing)
        self.requests = 0
        self._count = Lock()
        self._timing = timing
        self._secret = Secret(connection.token)
        self._on_talk = on_talk
        self._on_exchange = on_exchange
        self._http = Exchange(
            connection,
            open_application(application, connection) if application else open_transport(connection),
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, parameters: dict[str, str] | None = None) -> Answer:
        """The answer to a GET; safe to repeat, so it is repeated where that may help. Raises ServiceError."""
        return self.send("GET", path, parameters=parameters)

    def send(
        self,
        method: Method,
        path: str,
        *,
        parameters: dict[str, str] | None = None,
        body: Any = None,
        resource: str = "",
    ) -> Answer:
        """Send until there is an answer worth having.

        A POST is repeated only where it cannot have been carried out. Raises ServiceError, LostAnswer where it may
        have been, and NotSent where it was not sent for sure. `resource` names what it is about.
        """
        subject = f"{method} {path}" + (f" ({resource})" if resource else "")
        failed: _Failed | None = None
        doubt: ServiceError | None = None
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                if failed:
                    self._back_off(attempt - 1, failed)
                answer = self._exchange(method, self.endpoint + path, parameters, body)
            except NotSent as unsent:
                raise doubt or unsent from None
            except httpx.RequestError as error:
                failed = _Failed(f"{subject}: {self._failure(error)}")
                if method != "GET" and not isinstance(error, _UNSENT):
                    doubt = doubt or ServiceError(f"{failed.reason}; {DOUBT}")
                self._judge_failure(error, subject, last=last, doubt=doubt is not None)
                continue
            if answer.status < HTTPStatus.BAD_REQUEST:
                return answer
            told = read_retry_after(answer.headers, self._timing.epoch())
            refusal = self._refusal(subject, answer)
            if last or not _worth_repeating(method, answer) or (told or 0.0) > LONGEST_WAIT:
                raise refusal
            if method == "PATCH" and answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                doubt = doubt or refusal
            # what Retry-After asks for is kept by the pacer, for all threads
            refused, paced = answer.status == HTTPStatus.TOO_MANY_REQUESTS, told is not None
            failed = _Failed(f"{subject}: HTTP {answer.status}", refused=refused, paced=paced)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _refusal(self, subject: str, answer: Answer) -> ServiceError:
        """What the service said, but for the token, should it have repeated that.

        A gateway that gave up does not say whether a write was carried out: an answer to a POST is lost then.
        """
        said = describe_body(answer.body, answer.headers.get("content-type", ""))
        error = explain_answer(subject, answer.status, self._secret.removed(said))
        if subject.startswith("GET ") or answer.status not in _NO_WORD:
            return error
        gave_up = subject.startswith("POST ") and answer.status != HTTPStatus.INTERNAL_SERVER_ERROR
        return (LostAnswer if gave_up else ServiceError)(f"{error.message}; {DOUBT}", status=error.status)

    def _exchange(self, method: Method, url: str, parameters: dict[str, str] | None, body: Any) -> Answer:
        request = self._http.build(method, url, parameters, body)
        for _ in range(MAX_REDIRECTS):
            answer = self._send_once(request)
            if not answer.is_redirect:
                return answer
            request = self._redirected(request, answer)
        raise ServiceError(f"{method} {urlsplit(url).path}: more than {MAX_REDIRECTS} redirects")

    def _send_once(self, request: Request) -> Answer:
        ticket = self.pacer.acquire()
        status, headers = None, httpx.Headers()
        started = self._timing.epoch()
        failure, received = "not sent", b""
        try:
            with self._count:
                self.requests += 1
            answer = self._http.send(request)
            answer = replace(answer, body=self._secret.cleaned(answer.body))
            status, headers, received, failure = answer.status, answer.headers, answer.body, ""
        except httpx.RequestError as error:
            failure = self._failure(error)
            raise
        finally:
            self.pacer.release(ticket, status, headers)
            if self._on_exchange:
                self._on_exchange(self._exchanged(request, started, (status, failure, received)))
        return answer

    def _exchanged(self, request: Request, started: float, came: tuple[int | None, str, bytes]) -> Exchanged:
        status, failure, received = came
        path, _, query = request.target.decode("ascii").partition("?")
        return Exchanged(
            request.method,
            self._secret.removed(unquote(path)),
            self._secret.removed(unquote_plus(query)),
            status,
            failure,
            started,
            self._timing.epoch() - started,
            self._secret.shown(request.body),
            self._secret.shown(received),
        )

    def _redirected(self, request: Request, answer: Answer) -> Request:
        target = _target(request, answer)
        asked = request.address
        same = (target.scheme, target.host, target.port) == (asked.scheme, asked.host, asked.port)
        if request.method != "GET" or not same:
            host = self._secret.removed(target.host)
            raise ServiceError(
                f"{request.method} {asked.path}: redirected to {target.scheme}://{host}, not followed",
                status=answer.status,
                hint="the token is sent to the configured endpoint only; correct `endpoint` if that is the new address",
            )
        return self._http.build("GET", target)

    def _judge_failure(self, error: httpx.RequestError, subject: str, *, last: bool, doubt: bool) -> None:
        """Raise where it is not to be repeated; `doubt`: whether some attempt may have been carried out."""
        text, unsent = f"{subject}: {self._failure(error)}", isinstance(error, _UNSENT)
        maybe = f"; {DOUBT}" if doubt else ""
        if subject.startswith("POST ") and not unsent:
            raise LostAnswer(text + maybe) from error
        if isinstance(error, TooLarge):
            raise ServiceError(text + maybe) from error
        if last and unsent:
            hint = "is the endpoint right, and reachable from here?"
            raise Unreachable(f"{text}, {ATTEMPTS} times{maybe}", hint=hint) from error
        if last:
            raise ServiceError(f"{text}, {ATTEMPTS} times{maybe}") from error

    def _failure(self, error: httpx.RequestError) -> str:
        if isinstance(error, httpx.TimeoutException):
            return "no answer in time"
        if isinstance(error, TooLarge):
            return f"no use for this answer: {error}"
        if isinstance(error, httpx.DecodingError):
            return "the answer is compressed wrongly"
        return f"connection failed ({self._secret.removed(str(error)) or type(error).__name__})"

    def _back_off(self, attempt: int, failed: _Failed) -> None:
        """Raises NotSent where that would take too long."""
        if failed.paced:
            return
        seconds = min(MAX_BACKOFF, 0.5 * 2**attempt) * (0.5 + self._timing.chance() / 2)
        if failed.refused:
            self.pacer.block(seconds, f"the service has had enough for now ({failed.reason})")
            return
        self._on_talk(f"{failed.reason}; trying again in {seconds:.1f} s")
        self.pacer.rest(seconds)


def _worth_repeating(method: Method, answer: Answer) -> bool:
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if method == "POST":
        return answer.status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in answer.headers
    return answer.status in UNAVAILABLE


def _target(request: Request, answer: Answer) -> httpx.URL:
    location = answer.headers.get("location", "")
    subject = f"{request.method} {request.address.path}: HTTP {answer.status}"
    if not location:
        raise ServiceError(f"{subject}, a redirect to nowhere", status=answer.status)
    try:
        return request.url.join(location)
    except httpx.InvalidURL as error:
        raise ServiceError(f"{subject}, a redirect to what is no address", status=answer.status) from error

"""The sandbox as a WSGI application (PEP 3333), for an HTTP client that calls it in process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.sandbox.delivering import NO_CONTENT
from reconciler.sandbox.messages import PIECES, Delivery, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from reconciler.sandbox.core import Sandbox


def wsgi_application(sandbox: Sandbox) -> WSGIApplication:
    """Wrap a sandbox; what a faulty connection would do is raised as ConnectionResetError."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = sandbox.handle(_read_request(environ))
        if response.delivery is Delivery.SILENT:
            raise TimeoutError("the sandbox does not answer, as its faults say")
        if not response.delivery.is_seen:
            raise ConnectionResetError("the sandbox dropped the connection, as its faults say")
        is_long = response.status != NO_CONTENT and response.delivery is not Delivery.ENDLESS
        length = (("Content-Length", str(response.length)),) if is_long else ()
        start_response(f"{response.status} {response.reason}", [*response.headers, *length])
        is_plain = response.delivery is Delivery.WHOLE and not response.padding and not response.seconds
        return [response.body] if is_plain else _deliver(response, sandbox.sleep)

    return answer


def _read_request(environ: WSGIEnvironment) -> Request:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    body = environ["wsgi.input"].read()
    return Request(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, body)


def _deliver(response: Response, sleep: Callable[[float], None]) -> Iterator[bytes]:
    for piece in response.pieces():
        yield piece
        if response.seconds:
            sleep(response.seconds / PIECES)
    if response.delivery is Delivery.TRUNCATED:
        raise ConnectionResetError("the sandbox cut the answer short, as its faults say")

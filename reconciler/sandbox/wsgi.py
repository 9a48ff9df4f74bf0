"""The sandbox as a WSGI application (PEP 3333), for an HTTP client that calls it in process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.sandbox.messages import Delivery, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from reconciler.sandbox.core import Sandbox


def wsgi_application(sandbox: Sandbox) -> WSGIApplication:
    """Wrap a sandbox; what a faulty connection would do is raised as ConnectionResetError."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = sandbox.handle(_read_request(environ))
        if response.delivery is Delivery.DROPPED:
            raise ConnectionResetError("the sandbox dropped the connection, as its faults say")
        length = () if response.status == 204 else (("Content-Length", str(len(response.body))),)  # noqa: PLR2004
        start_response(f"{response.status} {response.reason}", [*response.headers, *length])
        return _deliver(response) if response.delivery is Delivery.TRUNCATED else [response.body]

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


def _deliver(response: Response) -> Iterator[bytes]:
    yield response.delivered
    raise ConnectionResetError("the sandbox cut the answer short, as its faults say")

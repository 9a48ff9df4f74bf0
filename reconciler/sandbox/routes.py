"""Which request is what: discovery, lists, single resources, writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from reconciler.sandbox.discovery import describe_resource_types, describe_schemas, describe_service
from reconciler.sandbox.messages import JsonObject, Refusal, Request, Response, json_response, not_found, parse_object
from reconciler.sandbox.reading import find_row, list_page, render_whole
from reconciler.sandbox.rendering import BASE_PATH

if TYPE_CHECKING:
    from reconciler.sandbox.effects import Effect
    from reconciler.sandbox.store import Kind, Store
    from reconciler.sandbox.writing import Writer

BANNER = f"""This is a sandbox: a local stand-in for 4me, with made-up people in it.
Nothing that is sent here reaches a real account. The SCIM API is at {BASE_PATH}.
"""
_KINDS: dict[str, Kind] = {"Users": "User", "Groups": "Group"}


def listed_kind(request: Request) -> Kind | None:
    """Of what a request's path is the list, None where it is something else."""
    return _KINDS.get(request.path.removeprefix(f"{BASE_PATH}/"))


@dataclass(frozen=True, slots=True)
class Routes:
    """Answers what nothing is wrong with."""

    store: Store
    writer: Writer
    account: str

    def everybody(self) -> list[JsonObject]:
        """All users, then all groups, by id."""
        with self.store.reading():
            rows = [find_row(self.store, kind, str(id_)) for kind in _KINDS.values() for id_ in self._ids(kind)]
            return [json.loads(render_whole(self.store, self.account, row)) for row in rows]

    def _ids(self, kind: Kind) -> list[int]:
        return sorted(self.store.select(kind, "TRUE", ()))

    def answer(self, request: Request, effects: list[Effect]) -> Response:
        """Answer one request; `effects` gets what it did."""
        try:
            if request.path == "/":
                return Response(HTTPStatus.OK, BANNER.encode(), (("Content-Type", "text/plain; charset=utf-8"),))
            if not request.path.startswith(f"{BASE_PATH}/"):
                raise not_found()
            name, _, rest = request.path.removeprefix(f"{BASE_PATH}/").rstrip("/").partition("/")
            if name not in _KINDS:
                return json_response(self._describe(name, rest or None, request.method))
            if request.method == "GET":
                return self._read(_KINDS[name], rest, request)
            with self.store.writing():
                self.writer.effects.clear()
                response = self._write(_KINDS[name], rest, request)
                effects.extend(self.writer.effects)
        except Refusal as refusal:
            return refusal.response
        return response

    def _read(self, kind: Kind, id_: str, request: Request) -> Response:
        with self.store.reading():
            if not id_:
                return json_response(list_page(self.store, self.account, kind, request.query))
            return json_response(render_whole(self.store, self.account, find_row(self.store, kind, id_)))

    def _write(self, kind: Kind, id_: str, request: Request) -> Response:
        match request.method, bool(id_):
            case "POST", False:
                created = self.writer.create(kind, parse_object(request.body))
                return json_response(created, status=HTTPStatus.CREATED)
            case ("PUT" | "PATCH") as method, True:
                sent = parse_object(request.body)
                row = find_row(self.store, kind, id_)
                return json_response(self.writer.update(row, sent, replaces=method == "PUT"))
            case "DELETE", True:
                row = find_row(self.store, kind, id_)
                hard = parse_qs(request.query).get("hard") == ["true"]
                (self.writer.remove if hard else self.writer.deactivate)(row)
                return Response(HTTPStatus.NO_CONTENT, headers=())
        raise not_found()

    def _describe(self, name: str, rest: str | None, method: str) -> str:
        match method, name:
            case "GET", "ServiceProviderConfig" if rest is None:
                return describe_service(self.account)
            case "GET", "ResourceTypes":
                return describe_resource_types(self.account, rest)
            case "GET", "Schemas":
                return describe_schemas(self.account, rest)
        raise not_found()

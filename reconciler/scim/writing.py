"""Writing: creates and updates, each one request where its members fit into one. There is no deletion.

An outcome is what the service's own answer shows. An answer that is not the resource, such as a proxy's page, is no
success; a lost answer to a create is looked up before the request is repeated.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.core.directory import MemberDelta, Written
from reconciler.core.model import Live, ResourceType
from reconciler.core.normalise import fold
from reconciler.core.schema import KEY_ATTRIBUTE
from reconciler.errors import LostAnswer, NotSent, ServiceError, Unreachable
from reconciler.scim.client import DOUBT
from reconciler.scim.dialects import PATHS, Dialect
from reconciler.scim.filters import equals_any, matches
from reconciler.scim.wire import decode_page, decode_resource, to_live

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.core.model import Attributes, Member
    from reconciler.core.plan_model import Change
    from reconciler.scim.client import Client
    from reconciler.scim.filters import Filter
    from reconciler.scim.transports import Answer

TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@dataclass(frozen=True, slots=True)
class ScimWriter:
    """Creates and updates resources; so many members a request as `batch` says, or as the service takes."""

    client: Client
    dialect: Dialect
    batch: int
    scopes: tuple[Filter | None, Filter | None] = (None, None)

    def create(self, resource_type: ResourceType, attributes: Attributes, members: Sequence[Member]) -> Written:
        """Create one resource, its members included. Raises ServiceError.

        A lost answer is looked up before the request is repeated, once.
        """
        first, rest = tuple(members[: self.batch]), tuple(members[self.batch :])
        key = str(attributes[KEY_ATTRIBUTE[resource_type]])
        body = self.dialect.encode_create(resource_type, attributes, first)
        try:
            written = self._post(resource_type, key, body)
        except ServiceError as error:
            if error.status != TOO_LARGE or len(first) < 2:  # noqa: PLR2004 - one cannot be halved
                raise
            return self._in_halves().create(resource_type, attributes, members)
        if not rest:
            return written
        with _begun(f"created with its first {len(first)} members"):
            more = self.update(Live(resource_type, written.id, key, {}), (), MemberDelta(add=rest))
        return replace(more, requests=written.requests + more.requests)

    def update(self, live: Live, changes: Sequence[Change], members: MemberDelta) -> Written:
        """Change one resource: the attributes in `changes` and its members. Raises ServiceError."""
        path = f"{PATHS[live.type]}/{quote(live.id, safe='')}"
        bodies = list(self.dialect.encode_updates(live, changes, members, self.batch))
        seen: Live | None = None
        try:
            for sent, body in enumerate(bodies):
                with _begun(f"{sent} of {len(bodies)} requests done" if sent else ""):
                    answer = self.client.send("PATCH", path, body=body, resource=live.key)
                seen = self._shown(answer, live.type, f"PATCH {path} ({live.key})")
        except ServiceError as error:
            if error.status != TOO_LARGE or min(self.batch, len(members.add) + len(members.remove)) < 2:  # noqa: PLR2004
                raise
            return self._in_halves().update(live, changes, members)
        return Written(live.id, len(bodies), seen if seen and seen.id == live.id else None)

    def _in_halves(self) -> ScimWriter:
        """With half as many members a request; those that were sent already may be sent again."""
        return replace(self, batch=max(1, self.batch // 2))

    def _post(self, resource: ResourceType, key: str, body: dict[str, object]) -> Written:
        path = PATHS[resource]
        try:
            return self._created(self.client.send("POST", path, body=body, resource=key), resource, key)
        except LostAnswer as lost:
            with _begun(lost.message):
                found = self._find(resource, key)
            if found:
                return Written(found, 2)
        try:
            written = self._created(self.client.send("POST", path, body=body, resource=key), resource, key)
        except ServiceError as error:
            found = self._find(resource, key) if error.status == HTTPStatus.CONFLICT else None
            if not found:
                raise
            return Written(found, 4)
        return replace(written, requests=3)

    def _created(self, answer: Answer, resource: ResourceType, key: str) -> Written:
        subject = f"POST {PATHS[resource]} ({key})"
        odd = ServiceError(f"{subject}: HTTP {answer.status}, but the answer has no id")
        try:
            live = self._shown(answer, resource, subject)
        except ServiceError as error:
            live, odd = None, error
        if live:
            return Written(live.id, live=live)
        location = answer.headers.get("location", "").rstrip("/")
        found = location.rpartition("/")[2]
        if not found:
            with _begun(odd.message):
                found = self._find(resource, key) or ""
        if not found:
            raise odd
        return Written(found)

    def _shown(self, answer: Answer, resource: ResourceType, subject: str) -> Live | None:
        """The resource that an answer to a write shows, None where it is empty. Raises ServiceError for all else."""
        if not answer.body.strip():
            return None
        try:
            live = to_live(decode_resource(answer.body, subject), resource, subject)
        except ServiceError as error:
            raise ServiceError(f"{error.message}; {DOUBT}", hint=error.hint) from error
        scope = self.scopes[0] if resource is ResourceType.USER else self.scopes[1]
        return replace(live, owned=scope is None or matches(scope, live.attributes))

    def _find(self, resource: ResourceType, key: str) -> str | None:
        name, path = KEY_ATTRIBUTE[resource], PATHS[resource]
        page = decode_page(self.client.get(path, {"filter": equals_any([(name, key)])}).body, f"GET {path} ({key})")
        lives = [to_live(row, resource, f"GET {path} ({key})") for row in page.rows]
        return next((live.id for live in lives if fold(live.attributes.get(name)) == fold(key)), None)


@contextmanager
def _begun(what: str) -> Iterator[None]:
    """What fails now leaves something half done or in doubt, which is not the same as not begun."""
    try:
        yield
    except NotSent as unsent:
        if not what:
            raise
        raise ServiceError(f"{what}; {unsent.message}", hint=unsent.hint) from unsent
    except ServiceError as error:
        if not what:
            raise
        kind = Unreachable if isinstance(error, Unreachable) else ServiceError
        raise kind(f"{what}; {error.message}", status=error.status, hint=error.hint) from error

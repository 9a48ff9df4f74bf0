"""Single resources, read anew by id: a request each."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.core.members import Members
from reconciler.core.model import Member, ResourceType
from reconciler.errors import ServiceError
from reconciler.scim.dialects import PATHS
from reconciler.scim.filters import matches
from reconciler.scim.wire import decode_resource, member_displays, to_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Executor

    from reconciler.core.model import Live, LiveState
    from reconciler.scim.filters import Filter
    from reconciler.scim.transports import Answer

    Get = Callable[[str, dict[str, str]], Answer]


def read_again(
    get: Get, pool: Executor, scopes: tuple[Filter | None, Filter | None], known: LiveState, names: Iterable[Member]
) -> LiveState:
    """`known` with the resources of these types and ids as they are now; those that are gone are gone from it.

    Raises ServiceError.
    """
    names = tuple(names)
    displays = dict(known.member_names)

    def read(name: Member) -> Live | None:
        path = f"{PATHS[name.type]}/{quote(name.name, safe='')}"
        try:
            row = decode_resource(get(path, {}).body, f"GET {path}")
        except ServiceError as error:
            if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                return None
            raise
        live = to_live(row, name.type, f"GET {path}")
        if live.id != name.name:
            raise ServiceError(f"GET {path}: the answer is another resource, with the id {live.id}")
        if name.type is ResourceType.GROUP:
            displays.update(member_displays(row.get("members")))
            live = replace(live, members=live.members or Members())
        scope = scopes[name.type is ResourceType.GROUP]
        return replace(live, owned=scope is None or matches(scope, live.attributes))

    found = dict(zip(names, pool.map(read, names), strict=True))
    users = _with(known.users, found, ResourceType.USER)
    groups = _with(known.groups, found, ResourceType.GROUP)
    ids = {Member(each.type, each.id) for each in (*users, *groups)}
    return replace(
        known,
        users=users,
        groups=groups,
        member_names={member: name for member, name in displays.items() if member not in ids},
    )


def _with(known: Iterable[Live], found: Mapping[Member, Live | None], resource: ResourceType) -> tuple[Live, ...]:
    lives: dict[str, Live | None] = {each.id: each for each in known}
    lives |= {name.name: live for name, live in found.items() if name.type is resource}
    return tuple(filter(None, lives.values()))

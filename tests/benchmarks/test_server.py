from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import pytest

from benchmarks.organisation import Organisation, user_name
from benchmarks.server import Service
from benchmarks.store import build_store


@pytest.fixture
def service() -> Service:
    return Service(build_store(Organisation(60, groups=2, members=5, changed_every=0)))


def get(service: Service, path: str) -> Any:
    status, body = service.answer("GET", f"/scim/v2{path}", b"")
    assert status is HTTPStatus.OK, body
    return json.loads(body)


def found(service: Service, wanted: str) -> list[str]:
    page = get(service, f"/Users?filter={quote(wanted)}")
    assert page["totalResults"] == page["itemsPerPage"] == len(page["Resources"])
    return [row["id"] for row in page["Resources"]]


def test_pages_add_up(service: Service) -> None:
    pages = [get(service, f"/Users?startIndex={start}&count=100") for start in (1, 26, 51, 76)]
    assert [page["itemsPerPage"] for page in pages] == [25, 25, 10, 0]
    assert {page["totalResults"] for page in pages} == {60}
    assert [row["id"] for page in pages for row in page["Resources"]] == [str(number) for number in range(1, 61)]


def test_lists_of_groups_have_no_members_and_groups_have(service: Service) -> None:
    assert ["members" in row for row in get(service, "/Groups")["Resources"]] == [False, False]
    members = get(service, "/Groups/2")["members"]
    assert [(each["value"], each["display"]) for each in members] == [(str(n), user_name(n)) for n in range(6, 11)]


def test_filters_find(service: Service) -> None:
    first, last = user_name(1).upper(), get(service, "/Users/60")["meta"]["lastModified"]
    assert found(service, f'userName eq "{first}" or externalId eq "E0000003" or userName eq "nobody"') == ["1", "3"]
    assert found(service, f'meta.lastModified gt "{get(service, "/Users/58")["meta"]["lastModified"]}"') == ["59", "60"]
    assert found(service, f'active eq "true" and meta.lastModified eq "{last}"') == ["60"]
    assert found(service, 'active eq "false"') == []


@pytest.mark.parametrize("wanted", ['title eq "x"', 'userName sw "a"', 'userName eq "a" and', "active eq true"])
def test_what_4me_does_not_document_is_refused(service: Service, wanted: str) -> None:
    assert service.answer("GET", f"/scim/v2/Users?filter={quote(wanted)}", b"")[0] is HTTPStatus.BAD_REQUEST


def test_a_change_is_seen_by_filters_and_moves_the_time(service: Service) -> None:
    before = get(service, "/Users/60")["meta"]["lastModified"]
    assert found(service, 'active eq "false"') == []
    status, body = service.answer("PATCH", "/scim/v2/Users/7", b'{"active": false, "title": "Gone"}')
    assert (status, json.loads(body)["title"]) == (HTTPStatus.OK, "Gone")
    assert found(service, 'active eq "false"') == found(service, f'meta.lastModified gt "{before}"') == ["7"]


def test_a_created_user_is_found(service: Service) -> None:
    status, body = service.answer("POST", "/scim/v2/Users", b'{"userName": "new@widget.example", "externalId": "N"}')
    assert (status, json.loads(body)["id"]) == (HTTPStatus.CREATED, "61")
    assert found(service, 'userName eq "new@widget.example"') == ["61"]


def test_members_are_added_and_removed(service: Service) -> None:
    body = b'{"members": [{"value": "60"}, {"value": "1", "operation": "delete"}]}'
    assert service.answer("PATCH", "/scim/v2/Groups/1", body)[0] is HTTPStatus.OK
    assert [each["value"] for each in get(service, "/Groups/1")["members"]] == ["2", "3", "4", "5", "60"]


def test_requests_are_counted(service: Service) -> None:
    for path in ("/Users", "/Users?startIndex=26", "/Groups/1", "/ServiceProviderConfig"):
        get(service, path)
    _, counts = service.answer("GET", "/requests", b"")
    assert json.loads(counts) == {"GET Users": 2, "GET Groups/:id": 1, "GET ServiceProviderConfig": 1}

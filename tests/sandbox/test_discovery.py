"""What 4me says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def test_service_provider_config(empty: Caller) -> None:
    body = empty.get("/ServiceProviderConfig")
    supported = {
        name: body[name]["supported"] for name in ("patch", "bulk", "filter", "sort", "etag", "changePassword")
    }
    assert supported == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "sort": False,
        "etag": False,
        "changePassword": False,
    }
    assert body["filter"]["maxResults"] == 25
    assert body["documentationUri"].startswith("https://developer.4me.com/")
    schemes = [(scheme["type"], scheme.get("primary")) for scheme in body["authenticationSchemes"]]
    assert schemes == [("oauthbearertoken", True), ("httpbasic", None)]


def test_resource_types(empty: Caller) -> None:
    listed = empty.get("/ResourceTypes")["Resources"]
    assert [(kind["name"], kind["endpoint"], kind.get("schemaExtensions")) for kind in listed] == [
        ("User", "/Users", [{"schema": ENTERPRISE, "required": False}]),
        ("Group", "/Groups", None),
    ]
    assert empty.get("/ResourceTypes/Group") == listed[1]


def test_schemas(empty: Caller) -> None:
    listed = {schema["name"]: schema for schema in empty.get("/Schemas")["Resources"]}
    required = {
        name: [attribute["name"] for attribute in schema["attributes"] if attribute["required"]]
        for name, schema in listed.items()
    }
    assert required == {"User": ["userName"], "Enterprise User": [], "Group": ["displayName"]}
    emails = next(attribute for attribute in listed["User"]["attributes"] if attribute["name"] == "emails")
    types = [part.get("canonicalValues") for part in emails["subAttributes"] if part["name"] == "type"]
    assert (emails["multiValued"], types) == (True, [["home", "other", "work"]])
    assert [attribute["name"] for attribute in listed["Group"]["attributes"]][-1] == "members"
    assert empty.get(f"/Schemas/{ENTERPRISE}") == listed["Enterprise User"]


def test_what_is_not_described_is_not_found(empty: Caller) -> None:
    for path in ("/ResourceTypes/Device", "/Schemas/urn:example", "/ServiceProviderConfig/1"):
        assert empty.answer("GET", path) == (404, {"message": "Not Found"})

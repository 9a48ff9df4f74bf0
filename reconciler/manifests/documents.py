"""The shape of each kind of document (pydantic), and pydantic's findings in plain words."""

from __future__ import annotations

import re
import shlex
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError, model_validator

from reconciler.core.suggest import did_you_mean
from reconciler.manifests.document import Document
from reconciler.manifests.equivalence_document import EquivalenceDocument
from reconciler.manifests.notify_document import NotifyDocument
from reconciler.manifests.tolerance_document import ToleranceDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def _line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("expected one line of text without control characters")
    return value


def _header(value: str) -> str:
    if not value.isascii():
        raise ValueError("expected letters, digits and signs of ASCII")
    return _line(value)


def _whole_or_percent(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?%", value) and float(value[:-1]) <= 100:  # noqa: PLR2004
        return value
    raise ValueError("expected a whole number or a percentage such as 10%")


def _days(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,3}d", value):
        raise ValueError("expected a number of days such as 30d")
    return value


def _words(value: Any) -> Any:
    try:
        return shlex.split(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"expected words as in a shell, found {str(error).lower()}") from None


def _tenant_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("expected letters, digits, dots, dashes and underscores")
    return value


def _endpoint(value: str) -> str:
    if not re.fullmatch(r"(https?://[^\s/]\S*|sandbox:.*)", value) or not value.isprintable():
        raise ValueError("expected an https:// URL (http:// on loopback only) or `sandbox:`")
    try:
        urlsplit(value).port  # noqa: B018 - it looks
    except ValueError as error:
        raise ValueError(f"not a URL: {str(error).lower()}") from None
    if value.startswith("http://") and not re.match(r"http://(localhost|127\.[\d.]+|\[::1\])(:\d+)?(/|$)", value):
        raise ValueError("plain http:// is for loopback only: the token would travel unprotected; use https://")
    return value


def _touches(value: Any) -> Any:
    if value == "unknown" or isinstance(value, bool):
        return value
    raise ValueError("expected true, false or unknown")


def _operator(value: str) -> str:
    from reconciler.mapping.scope import Operator, find_operator

    found = find_operator(value)
    if found is None:
        raise ValueError(f"`{value}` is none of {', '.join(Operator)}{did_you_mean(value, Operator)}")
    return found


def _some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("a filter without clauses would let everybody in: leave it out")
    return value


def _clause_value(value: Any) -> Any:
    return str(value) if isinstance(value, bool | int | float) else value


_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
}
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most"}
Share = Annotated[int | str, BeforeValidator(_whole_or_percent)]


def _approval(value: Any) -> Any:
    if value != "required" and not isinstance(value, dict):
        raise ValueError("expected `required`, or a map with `required` and `verifyKey`")
    return {} if value == "required" else value


Line = Annotated[str, AfterValidator(_line)]


class TokenDocument(Document):
    """Where the token comes from."""

    env: Line | None = None
    file: Line | None = None
    command: Annotated[tuple[Line, ...] | None, BeforeValidator(_words)] = None
    issued: date | None = None
    lifetime: Annotated[str, AfterValidator(_days)] = "30d"

    @model_validator(mode="after")
    def _one_source(self) -> TokenDocument:
        if sum(1 for each in (self.env, self.file, self.command) if each) != 1:
            raise ValueError("exactly one of `env`, `file` and `command` says where the token comes from")
        if self.issued and self.issued > date.max - timedelta(int(self.lifetime[:-1])):
            raise ValueError(f"`issued`: {self.issued} is too far ahead")
        return self


class ScopeDocument(Document):
    """What of one resource type is owned."""

    scope: str | None = None
    unlisted: Literal["deactivate", "report"] = "deactivate"


class OwnershipDocument(Document):
    """What this repository is responsible for."""

    users: ScopeDocument = ScopeDocument()
    groups: ScopeDocument = ScopeDocument()
    protected: tuple[str, ...] = ()


class GuardrailsDocument(Document):
    """Limits of the guards."""

    deactivations: Share = "10%"
    membership_removals: Share = "25%"


class AssumeDocument(Document):
    """What 4me does not document."""

    membership_touches_group: Annotated[Literal["unknown"] | bool, BeforeValidator(_touches)] = "unknown"


class LimitsDocument(Document):
    """How fast and how wide to work."""

    requests_per_hour: Annotated[int, Field(ge=1, strict=True)] | None = None
    requests_per_two_seconds: Annotated[int, Field(ge=1, strict=True)] = 20
    concurrency: Annotated[int, Field(ge=1, le=64, strict=True)] = 8
    members_per_request: Annotated[int, Field(ge=1, strict=True)] = 500
    timeout: Annotated[float, Field(gt=0, strict=True)] = 30


class ApprovalDocument(Document):
    """What an apply needs; written `required` where that is all."""

    required: Annotated[bool, Field(strict=True)] = True
    verify_key: Annotated[str, Field(min_length=1)] | None = None


class TenantDocument(Document):
    """`kind: Tenant`."""

    kind: Literal["Tenant"]
    name: Annotated[str, AfterValidator(_tenant_name)]
    endpoint: Annotated[str, AfterValidator(_endpoint)]
    default: Annotated[bool, Field(strict=True)] = False
    account: Annotated[str, AfterValidator(_header)] | None = None
    default_domain: Line | None = None
    dialect: Literal["auto", "4me", "rfc7644"] = "auto"
    token: TokenDocument | None = None
    ownership: OwnershipDocument = OwnershipDocument()
    guardrails: GuardrailsDocument = GuardrailsDocument()
    assume: AssumeDocument = AssumeDocument()
    limits: LimitsDocument = LimitsDocument()
    notify: NotifyDocument | None = None
    refresh_every: Annotated[str, AfterValidator(_days)] = "7d"
    tolerate: tuple[ToleranceDocument, ...] = ()
    equivalences: tuple[EquivalenceDocument, ...] = ()
    approval: Annotated[
        ApprovalDocument, BeforeValidator(_approval, json_schema_input_type=Literal["required"] | ApprovalDocument)
    ] = ApprovalDocument(required=False)


class RuleDocument(Document):
    """One attribute's rule, written out."""

    source: str | None = None
    constant: Any = None
    expression: str | None = None
    default: Any = None
    apply: Literal["always", "create"] = "always"


class ClauseDocument(Document):
    """One condition of a scoping filter."""

    attribute: str
    operator: Annotated[str, AfterValidator(_operator)]
    value: Annotated[str | None, BeforeValidator(_clause_value)] = None


class ScopeFilterDocument(Document):
    """One scoping filter."""

    name: str | None = None
    clauses: Annotated[tuple[ClauseDocument, ...], AfterValidator(_some)]


class MappingTestDocument(Document):
    """A record, and what the mapping is to make of it."""

    name: str | None = None
    at: str | None = None
    record: dict[str, Any]
    expect: dict[str, Any] | None = None
    out_of_scope: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _expects_something(self) -> MappingTestDocument:
        if (self.expect is not None) == self.out_of_scope:
            raise ValueError("give `expect` with attributes, or `outOfScope: true`")
        return self


class MappingDocument(Document):
    """`kind: Mapping`."""

    kind: Literal["Mapping"]
    resource: Literal["User", "Group"]
    extends: Literal["default", "entra-scim", "none"] = "default"
    match: tuple[str, ...] | None = None
    attributes: dict[str, RuleDocument | str | None] = Field(default_factory=dict)
    scope: tuple[ScopeFilterDocument, ...] = ()
    tests: tuple[MappingTestDocument, ...] = ()


def explain(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each finding as the path inside the document and a sentence."""
    for found in error.errors():
        yield tuple(found["loc"]), _sentence(model, found)


def _sentence(model: type[BaseModel], found: ErrorDetails) -> str:
    key = next((each for each in reversed(found["loc"]) if isinstance(each, str)), "")
    if found["type"] == "extra_forbidden":
        return f"unknown key `{key}`{did_you_mean(str(key), _known_keys(model, found['loc'][:-1]))}"
    if found["type"] == "missing":
        return f"missing key `{key}`"
    wrong = _wrong_value(found, found.get("ctx", {}))
    return f"`{key}`: {wrong}" if key else wrong


def _wrong_value(found: ErrorDetails, context: dict[str, Any]) -> str:
    kind = found["type"]
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        expected = str(context["expected"]).replace("'", "`")
        return f"expected {expected}{did_you_mean(str(found['input']), re.findall('`(.+?)`', expected))}"
    if kind.startswith("date"):
        return "expected a date such as 2026-11-01"
    bounds = [f"{words} {context[each]}" for each, words in _BOUNDS.items() if each in context]
    return f"expected {_EXPECTED.get(kind) or ' and '.join(bounds) or found['msg'].lower()}"


def _known_keys(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    for step in place:
        if step == RuleDocument.__name__:  # pydantic's name for that branch of the union
            model = RuleDocument
            continue
        field = next((each for each in model.model_fields.values() if each.alias == step), None)
        types = (field.annotation, *get_args(field.annotation)) if field else ()
        model = next((each for each in types if isinstance(each, type) and issubclass(each, BaseModel)), model)
    return [field.alias or name for name, field in model.model_fields.items()]

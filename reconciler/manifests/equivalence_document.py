"""The shape of `equivalences` in a Tenant document, and the rules that it comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator

from reconciler.core.equivalence import Equivalence, Equivalences, Ignored, Pair
from reconciler.core.model import ResourceType
from reconciler.core.paths import CUSTOM_FIELDS, parse_path, short_path
from reconciler.core.schema import ATTRIBUTES, MATCHABLE, AttributeKind
from reconciler.core.suggest import did_you_mean
from reconciler.manifests.document import Document
from reconciler.manifests.profiles import short_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconciler.core.model import Value
    from reconciler.core.schema import AttributeSchema

Sort = Literal["outer-blanks", "blanks", "case", "phone-format", "absence"]
"""The values of `Ignored`, which pydantic tells in the order of a Literal."""


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError("expected one value, or null for none")


class PairDocument(Document):
    """One value as it is sent, and as it is stored then."""

    sent: Annotated[Any, BeforeValidator(_scalar, json_schema_input_type=str | int | float | bool | None)]
    stored: Annotated[Any, BeforeValidator(_scalar, json_schema_input_type=str | int | float | bool | None)]


class EquivalenceDocument(Document):
    """What does not count in one attribute, because the service stores it otherwise than it is sent."""

    attribute: str
    resource: Literal["User", "Group"] = "User"
    ignore: Annotated[tuple[Sort, ...], BeforeValidator(_several, json_schema_input_type=Sort | list[Sort])] = ()
    pairs: tuple[PairDocument, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> EquivalenceDocument:
        if not self.ignore and not self.pairs:
            raise ValueError("say what does not count with `ignore`, or which values are the same with `pairs`")
        return self


def build_equivalences(
    documents: Iterable[EquivalenceDocument], report: Callable[[tuple[str | int, ...], str], None]
) -> Equivalences:
    """The rules, as far as they are right; what is wrong is told to `report` with its place among them."""
    rules: dict[tuple[ResourceType, str], Equivalence] = {}
    for number, each in enumerate(documents):
        resource = ResourceType(each.resource)
        try:
            path = rule_attribute(resource, each.attribute)
        except ValueError as error:
            report((number, "attribute"), str(error))
            continue
        if (resource, path) in rules:
            report((number, "attribute"), f"`{each.attribute}` has a rule already: one says all that does not count")
        ignored = tuple(dict.fromkeys(map(Ignored, each.ignore)))
        pairs = tuple(Pair(pair.sent, pair.stored) for pair in each.pairs)
        rules[resource, path] = Equivalence(resource, path, ignored, pairs)
    return Equivalences.of(rules.values())


def rule_attribute(resource: ResourceType, text: str) -> str:
    """The canonical path of the attribute that a rule is about, which may be part of any value of several.

    Raises ValueError for an attribute that is unknown or can have no rule; the message says why.
    """
    from reconciler.mapping.target_paths import resolve_target

    shorts = short_names(resource)
    name, _, sub = text.rpartition(".")
    found = _find_multi_valued(resource, name or text)
    if found and "[" not in text:
        whole, schema = found
        wanted = sub if name else "value"
        spelled = next((each for each in schema.subs if each.casefold() == wanted.casefold()), None)
        if spelled is None:
            hint = did_you_mean(wanted, schema.subs) or f": name a part, as `{whole}.{schema.subs[0]}`"
            raise ValueError(f"`{whole}` has no `{wanted}`{hint}")
        return f"{whole}.{spelled}"
    path = resolve_target(resource, text, shorts)
    _check_kind(resource, path)
    return path


def write_equivalences(documents: Sequence[Value], rules: Iterable[Equivalence]) -> list[Value]:
    """The documents of a tenant's rules with these rules among them, each in the place of an earlier one."""
    written = list(documents)
    places = {_attribute_of(each): number for number, each in enumerate(documents) if isinstance(each, dict)}
    for rule in rules:
        place = places.get((rule.resource, rule.attribute.casefold()))
        if place is None:
            written.append(_write(rule, short_path(rule.attribute)))
        else:
            earlier = written[place]
            named = str(earlier["attribute"]) if isinstance(earlier, dict) else rule.attribute
            written[place] = _write(rule, named)
    return written


def _attribute_of(document: dict[str, Value]) -> tuple[ResourceType, str]:
    resource = ResourceType(str(document.get("resource", ResourceType.USER.value)))
    return resource, rule_attribute(resource, str(document.get("attribute"))).casefold()


def _write(rule: Equivalence, named: str) -> dict[str, Value]:
    """A rule as somebody would write it; what it does not say is left out."""
    words: list[Value] = [each.value for each in rule.ignore]
    pairs: list[Value] = [{"sent": each.sent, "stored": each.stored} for each in rule.pairs]
    document: dict[str, Value] = {"attribute": named}
    if rule.resource is not ResourceType.USER:
        document["resource"] = rule.resource.value
    if words:
        document["ignore"] = words[0] if len(words) == 1 else words
    return {**document, "pairs": pairs} if pairs else document


def _find_multi_valued(resource: ResourceType, text: str) -> tuple[str, AttributeSchema] | None:
    for name, schema in ATTRIBUTES[resource].items():
        if schema.kind is AttributeKind.MULTI_VALUED and name.casefold() == text.casefold():
            return name, schema
    return None


def _check_kind(resource: ResourceType, path: str) -> None:
    if path == CUSTOM_FIELDS:
        raise ValueError("name one custom field, as `customFields.payroll_id`")
    schema = ATTRIBUTES[resource].get(parse_path(path).attribute)
    if path in MATCHABLE[resource]:
        raise ValueError(f"`{path}` is what resources are found by: declare it as 4me stores it")
    if schema and schema.kind in (AttributeKind.BOOLEAN, AttributeKind.REFERENCE):
        raise ValueError(f"`{path}` is no text: it is stored as it is sent, or not at all")
    if schema and schema.kind is AttributeKind.COMPLEX and "." not in path:
        raise ValueError(f"`{path}` has several parts: name one, as `{path}.{schema.subs[0]}`")

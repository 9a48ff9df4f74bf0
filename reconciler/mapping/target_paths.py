"""Which targets a rule can have, in all the forms in which they are written, and their one canonical form.

Names are without case (RFC 7643 §2.1). The short names of the profile `default` mean the paths that it maps them to.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reconciler.core.model import ResourceType
from reconciler.core.paths import CUSTOM_FIELDS, AttributePath, parse_path
from reconciler.core.schema import ATTRIBUTES, AttributeKind
from reconciler.core.suggest import did_you_mean
from reconciler.mapping.targets import check_field_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.core.schema import AttributeSchema

FIELDS_PREFIX = "customFields."


class TargetProblem(ValueError):
    """A target path that no rule can have; the message says why."""


def resolve_target(resource: ResourceType, text: str, short_names: Mapping[str, str]) -> str:
    """The canonical path of a target: `emails[type eq "work"].value` of `EMAILS[type eq "Work"].Value` and of `email`.

    `short_names`: the names that the profile `default` has for paths. Raises TargetProblem.
    """
    if text.startswith(FIELDS_PREFIX):
        text = f"{CUSTOM_FIELDS}:{text.removeprefix(FIELDS_PREFIX)}"
    elif _spelling(text, _attributes(resource)) is None:
        text = short_names.get(text, text)
    try:
        path = parse_path(text)
    except ValueError as error:
        raise TargetProblem(str(error)) from None
    if CUSTOM_FIELDS in (text, path.schema):
        return _custom_field(resource, text, path)
    name = _spelling(path.attribute, _attributes(resource))
    if name is None:
        if path.attribute in short_names:
            raise TargetProblem(
                f"`{path.attribute}` is short for `{short_names[path.attribute]}`: it has no parts here"
            )
        known = (*ATTRIBUTES[resource], *short_names)
        raise TargetProblem(f"unknown SCIM attribute `{path.attribute}`{did_you_mean(path.attribute, known)}")
    schema = ATTRIBUTES[resource][name]
    path = _spelled(name, path, schema)
    _check_parts(path, schema)
    return str(path)


def _custom_field(resource: ResourceType, text: str, path: AttributePath) -> str:
    if resource is ResourceType.GROUP:
        raise TargetProblem("groups have no custom fields in 4me")
    if path.schema != CUSTOM_FIELDS:
        return text
    problem = check_field_id(path.name)
    if problem:
        raise TargetProblem(problem)
    return str(path)


def _spelled(name: str, path: AttributePath, schema: AttributeSchema) -> AttributePath:
    """The path in the spelling of the schema, as far as that knows it."""
    urn, _, short = name.rpartition(":")
    return AttributePath(
        urn,
        short,
        path.by.lower(),
        _spelling(path.value, schema.types) or path.value,
        _spelling(path.sub, schema.subs) or path.sub,
    )


@cache
def _attributes(resource: ResourceType) -> tuple[str, ...]:
    return tuple(ATTRIBUTES[resource])


def _spelling(word: str, known: Iterable[str]) -> str | None:
    folded = word.casefold()
    return next((each for each in known if each.casefold() == folded), None)


def _check_parts(path: AttributePath, schema: AttributeSchema) -> None:
    problem = None
    if path.sub and path.sub not in schema.subs:
        problem = f"`{path.attribute}` has no `{path.sub}`{did_you_mean(path.sub, schema.subs)}"
    elif path.by == "type" and schema.types and path.value not in schema.types:
        problem = f"`{path.value}` is no type of `{path.name}` in 4me: {', '.join(schema.types)}"
    elif schema.kind is AttributeKind.REFERENCE and path.sub:
        problem = f"write `{path.attribute}`: a {path.name} is named, its {path.sub} is looked up"
    elif schema.kind is AttributeKind.MULTI_VALUED and path.sub and path.by != "type":
        example = f'`{path.attribute}[type eq "{(*schema.types, "work")[0]}"].{path.sub}`'
        problem = f"`{path}` could be any of several values: select one by its type, for example {example}"
    elif path.by and not path.sub:
        problem = f"`{path}` selects a whole value; name its part, for example `{path}.value`"
    if problem:
        raise TargetProblem(problem)

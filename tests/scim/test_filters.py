"""SCIM filters: what they mean, and where a wrong one goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.scim.filters import equals_any, matches, parse_filter

ANN: dict[str, Any] = {
    "userName": "Ann@x",
    "active": "True",
    "name.familyName": "Lee",
    "emails": [{"value": "a@x", "type": "work"}, {"value": "b@y", "type": "home", "primary": True}],
    "meta.lastModified": "2018-04-17T09:03:39-05:00",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "IT",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "ann@X"', True),
        ('USERNAME EQ "bob"', False),
        ("active eq true", True),
        ('active eq "true"', True),
        ('userName sw "a" and userName ew "x"', True),
        ('userName co "zz" or title pr or name.familyName eq "lee"', True),
        ('userName eq "zz" and title pr or active eq true', True),
        ('userName eq "zz" and (title pr or active eq true)', False),
        ('not (userName eq "zz")', True),
        ("title pr", False),
        ("title eq null", True),
        ('title ne "x"', True),
        ('userName ne "ann@x"', False),
        ('department eq "it"', True),
        ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "it"', True),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ann@x"', True),
        ('emails[type eq "work" and value ew "x"]', True),
        ('emails[type eq "work" and primary eq true]', False),
        ('emails.value eq "b@y"', True),
        ('emails eq "b@y"', True),
        ('meta.lastModified gt "2018-04-17T14:03:38Z"', True),
        ('meta.lastModified ge "2018-04-17T14:03:40Z"', False),
    ],
)
def test_matches(text: str, *, expected: bool) -> None:
    assert matches(parse_filter(text), ANN) is expected


@pytest.mark.parametrize(
    "text", ["", "userName", 'userName = "x"', "userName eq x", '(userName eq "x"', 'userName eq "x" and']
)
def test_wrong_filters_say_where(text: str) -> None:
    with pytest.raises(ValueError, match="column"):
        parse_filter(text)


def test_values_are_quoted() -> None:
    assert equals_any([("userName", 'a"b\\c'), ("externalId", "é")]) == 'userName eq "a\\"b\\\\c" or externalId eq "é"'

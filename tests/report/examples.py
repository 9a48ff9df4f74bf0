"""Plans to be told: one with everything in it, any, and some with names that try to be more than names."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE, MANAGER
from reconciler.core.plan_model import ActionKind, Change, Guard
from tests.builders import action, created, group, plan, user

if TYPE_CHECKING:
    from reconciler.core.plan_model import Plan

CREATE, UPDATE, REACTIVATE, DEACTIVATE = ActionKind
NEW = action(
    CREATE,
    user("nina"),
    *created(userName=user("nina").name, active=True, name__givenName="Nina", title="Night Lead"),
    Change('emails[type eq "work"].value', None, user("nina").name),
    Change("roles", None, [{"value": "specialist"}, {"value": "service_manager"}]),
    Change(f"{CUSTOM_FIELDS}:badge", None, 17),
    line=72,
)
CHANGED = action(
    UPDATE,
    user("liam"),
    Change('phoneNumbers[type eq "mobile"].value', "+31 6 5550 1007", None),
    Change(MANAGER, user("howard.tanner").name, user("priya.nair").name),
    Change(f"{ENTERPRISE}:department", "", "Data Center"),
    Change('addresses[type eq "work"].locality', "Delft", "The Hague"),
    line=1106,
)
BACK = action(REACTIVATE, user("omar"), Change("active", False, True), Change("title", "Agent", "Lead"), line=62)  # noqa: FBT003
GONE = action(DEACTIVATE, user("peter"), Change("active", True, False))  # noqa: FBT003
NEW_GROUP = action(
    CREATE, group("Night Shift"), *created(displayName="Night Shift", externalId="G3"), add=[user("nina")], line=24
)
REGROUPED = action(
    UPDATE,
    group("Service Desk"),
    add=[group("Night Shift"), *(user(f"agent{number:02}") for number in range(25))],
    remove=[user("peter")],
    line=11,
)
EVERYTHING = plan(
    NEW,
    BACK,
    CHANGED,
    GONE,
    NEW_GROUP,
    REGROUPED,
    guards=(Guard("deactivations", 57, 50, breached=True), Guard("membershipRemovals", 1, 5, breached=False)),
    warnings=(
        "olivia@widget.example is declared nowhere, but protected: left alone",
        "1 owned group(s) declared nowhere, left alone (unlisted: report): Project Neptune",
    ),
    complete=False,
)
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07\r\nnext\u2028line",
    "\u202egnp.exe\u2066 \u200bhidden\ufeff",
    "a | b \\| c || d",
    "<script>alert(1)</script><img src=x onerror=alert(1)></td>{{ 7*7 }}{% raw %}",
    "`code` ``` ~~~ *bold* __under__ # head\n# head",
    "@all @widget/everyone #1 GH-1 jane@widget.example",
    "[a](http://evil.example) ![a](x) <http://evil.example> https://evil.example www.evil.example WWW.evil.example",
    "</code></details>&lt;b&gt;&#60;i&#62; <!-- --> -->",
    '\'; " onclick="alert(1)" \'',
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = st.lists(st.builds(group, st.text()) | st.builds(user, st.text()), max_size=3)
ACTIONS = st.builds(
    lambda kind, who, changes, add, remove, line: action(kind, who, *changes, add=add, remove=remove, line=line),
    st.sampled_from(ActionKind),
    st.builds(group, st.text()) | st.builds(user, st.text()),
    st.lists(st.builds(Change, st.text(), VALUES, VALUES), max_size=3),
    MEMBERS,
    MEMBERS,
    st.none() | st.integers(1, 9999),
)
PLANS = st.builds(
    lambda actions, warnings, complete: plan(*actions, warnings=tuple(warnings), complete=complete),
    st.lists(ACTIONS, max_size=3),
    st.lists(st.text(), max_size=2),
    st.booleans(),
)


def evil(name: str) -> Plan:
    who, member = group(name), user(name)
    change = Change(name, name, [name, {"value": name}])
    return plan(
        action(UPDATE, who, change, Change("title", name, name), add=[member, who], remove=[member]),
        action(DEACTIVATE, member, change),
        warnings=(name,),
    )


def unprintable(text: str) -> list[str]:
    return [
        each for each in text if not each.isprintable() and not (each == "\n" or unicodedata.category(each) == "Zs")
    ]

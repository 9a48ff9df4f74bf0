"""Paths, values and text as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.core.paths import CUSTOM_FIELDS, ENTERPRISE
from reconciler.report.words import safe, show_path, show_value

if TYPE_CHECKING:
    from reconciler.core.model import Value


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("title", "title"),
        ("name.givenName", "name.givenName"),
        ('emails[type eq "work"].value', "emails[work]"),
        ('emails[type eq "work"]', "emails[work]"),
        ('addresses[type eq "work"].locality', "addresses[work].locality"),
        (f"{ENTERPRISE}:department", "department"),
        (f"{CUSTOM_FIELDS}:badge", "customFields.badge"),
        ("no path\x1b", "no path\\x1b"),
    ],
)
def test_paths(path: str, shown: str) -> None:
    assert show_path(path) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "(none)"),
        ("", "(none)"),
        ([], "(none)"),
        (False, "false"),
        (0, "0"),
        ("Lead", '"Lead"'),
        ('say "x"\n', '"say \\"x\\"\\n"'),
        ([{"value": "specialist"}, {"value": "service_manager"}], "specialist, service_manager"),
        (["a", "b"], "a, b"),
        ([{"value": "a", "type": "work"}], '[{"value": "a", "type": "work"}]'),
    ],
)
def test_values(value: Value, shown: str) -> None:
    assert show_value(value) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë Åström 日本", "Zoë Åström 日本"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb\u200bc", "a\\u202eb\\u200bc"),
        ("\ud800\n", "\\ud800\\n"),
        ("a ##vso[task.complete result=Succeeded]b", "a #\\x23vso[task.complete result=Succeeded]b"),
        ("##VSO[x]##[add-mask]b", "#\\x23VSO[x]#\\x23[add-mask]b"),
        ("::stop-commands::b", ":\\x3astop-commands::b"),
        ("Zoë ::set-output name=drift::false", "Zoë :\\x3aset-output name=drift::false"),
        ("## 1 ::1 fe80:: a::b", "## 1 ::1 fe80:: a::b"),
    ],
)
def test_safe_text(text: str, shown: str) -> None:
    assert safe(text) == shown

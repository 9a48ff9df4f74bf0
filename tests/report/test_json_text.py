"""JSON as text that may be shown: it means the same, and steers neither a terminal nor a pipeline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli import run_command
from reconciler.report.json_text import json_text

if TYPE_CHECKING:
    from pathlib import Path

STEERING = "\x9b31m\u202e ##vso[task.complete]##[add-mask]"


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_it_means_the_same(value: object) -> None:
    assert json.loads(json_text(value)) == value


def test_nothing_steers() -> None:
    text = json_text({STEERING: STEERING, "plain": "Zoë # ## [x]"})
    assert not set("\x9b\u202e") & set(text)
    assert "##vso[" not in text
    assert "##[" not in text
    assert '"plain": "Zoë # ## [x]"' in text


@pytest.mark.parametrize(
    "command", [("explain", "ann", "--offline", "--manifests"), ("evaluate", "[title]", "--record")]
)
def test_on_the_command_line(command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    person = f"{{kind: User, userName: ann, title: {json.dumps(STEERING)}}}"
    tenant = '{kind: Tenant, name: t, endpoint: "sandbox:"}'
    (tmp_path / "all.yaml").write_text(f"{tenant}\n---\n{person}\n", encoding="utf-8")
    last = str(tmp_path) if command[0] == "explain" else f"title={STEERING}"
    assert run_command([*command, last, "--format", "json"]) == 0
    out = capsys.readouterr().out
    assert "\\u009b31m\\u202e \\u0023#vso[" in out

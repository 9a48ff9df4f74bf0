"""Words of the command line and of the environment that nobody means: each is told in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from reconciler.cli import COMMANDS, load_command, run_command

if TYPE_CHECKING:
    from pathlib import Path

UNMEANT = {
    "a-time-after-the-last": (("--at", "9999-12-31T23:59:59-14:00"), "is before the first year or after the last one"),
    "a-time-before-the-first": (
        ("--at", "0001-01-01T00:00:00+14:00"),
        "is before the first year or after the last one",
    ),
    "a-count-of-5000-digits": (("--allow", f"deactivations={'9' * 5000}"), "is not GUARD=COUNT"),
    "a-count-in-other-digits": (("--allow", "deactivations=١"), "is not GUARD=COUNT"),
    "a-negative-count": (("--allow", "deactivations=-1"), "is not GUARD=COUNT"),
    "an-unknown-guard": (("--allow", "x=1"), "is not GUARD=COUNT"),
    "a-wait-of-400-digits": (("--max-wait", "9" * 400), "is not a duration"),
    "a-wait-that-is-no-number": (("--max-wait", "nan"), "is not a duration"),
}


@pytest.mark.parametrize("name", UNMEANT)
@pytest.mark.parametrize("by", ["option", "variable"])
def test_an_option_that_nobody_means(
    name: str, by: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (option, value), says = UNMEANT[name]
    if by == "variable":
        monkeypatch.setenv(f"RECONCILER_PLAN_{option.strip('-').replace('-', '_').upper()}", value)
    words = ["plan", str(tmp_path), *((option, value) if by == "option" else ())]
    assert run_command(words) == 64
    assert says in capsys.readouterr().err


def test_a_record_without_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["evaluate", "[a]", "--record", "@/dev/zero"]) == 1
    assert capsys.readouterr().err == "error: /dev/zero is not read: a record of more than 10,000,000 characters\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_a_variable_by_its_own_name(name: str) -> None:
    options = [each for each in load_command(name).params if isinstance(each, click.Option)]
    assert len({each.envvar for each in options}) == len(options)
    for each in options:
        written = max(each.opts, key=len).strip("-").replace("-", "_").upper()
        assert each.envvar in (f"RECONCILER_{name.replace('-', '_').upper()}_{written}", f"RECONCILER_{written}")


def test_a_format_by_its_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.yaml").write_text("kind: User\nuserName: a\n", encoding="utf-8")
    monkeypatch.setenv("RECONCILER_VALIDATE_FORMAT", "junit")
    assert run_command(["validate", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("<testsuites ")

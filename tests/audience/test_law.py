"""The law of `--audience public`: nobody's name and no value in anything that any command says, in any format."""

from __future__ import annotations

import json
import re
import stat
from shutil import copytree
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from reconciler.cli import COMMANDS as COMMAND_NAMES
from reconciler.cli import load_command, run_command
from reconciler.report.plan_json import plan_schema
from reconciler.sandbox.faults import parse_fault
from tests.audience.organisation import KEY, MARK, World, leaks
from tests.receivers import web_receiver
from tests.services import service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMATS = ("text", "json", "markdown", "html")
ALL_FORMATS = (*FORMATS, "junit", "sarif", "github")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
"""Without what stands before it, which Markdown escapes."""
PERSON = re.compile(r"person-[a-z2-7]{10}")


@pytest.fixture(name="world", scope="module")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, service() as (sandbox, url):
        folder = tmp_path_factory.mktemp("world")
        patch.setenv("RECONCILER_PSEUDONYM_KEY", KEY)
        patch.setenv("GITHUB_ACTOR", f"{MARK}-actor")
        patch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
        patch.chdir(folder)
        world = World(folder, sandbox, url)
        assert world.call("plan", world.manifests, "--out", folder / "plan.json") == 3
        yield world


def said(world: World, capfd: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capfd.readouterr()
    code = world.call(*words)
    out, err = capfd.readouterr()
    return code, out, err


COMMANDS = [
    *(("plan", "{manifests}", "--format", each) for each in ALL_FORMATS),
    *(("drift", "{manifests}", "--format", each) for each in ALL_FORMATS),
    *(("show", "{folder}/plan.json", "--format", each) for each in FORMATS),
    *(("diff", "HEAD~1", "HEAD", "manifests", "--format", each) for each in FORMATS),
    *(("history", "--format", each) for each in ("text", "json", "csv")),
    *(("history", "{run}", "--format", each) for each in ("text", "json", "csv")),
    *(("history", "--user", "{ann}", "--format", each) for each in ("text", "json", "csv")),
    ("history", "--group", "{personal}"),
    ("history", "--group", "Desk", "--since", "2020-01-01"),
    ("plan", "{manifests}", "--target", "{ann}"),
    ("drift", "{manifests}", "--base", "HEAD~1"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_nobody_is_named(words: tuple[str, ...], world: World, capfd: pytest.CaptureFixture[str]) -> None:
    run = next((world.state / "journal").glob("*.jsonl")).stem
    names = {"manifests": world.manifests, "folder": world.folder, "run": run, "ann": world.people["ann"].user_name}
    names["personal"] = world.personal
    given = [each.format(**names) for each in words]
    before, internal, _ = said(world, capfd, *given)
    code, out, err = said(world, capfd, *given, "--audience", "public")
    assert leaks(internal) != []
    assert leaks(out, err) == []
    assert out.strip()
    assert code == before


@pytest.mark.parametrize("command", ["plan", "drift"])
@pytest.mark.parametrize("output_format", FORMATS)
def test_the_fingerprint_is_the_real_plans(
    command: str, output_format: str, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    fingerprint = json.loads((world.folder / "plan.json").read_text(encoding="utf-8"))["fingerprint"].removeprefix(
        "sha256:"
    )
    _, out, _ = said(world, capfd, command, world.manifests, "--format", output_format, "--audience", "public")
    assert set(FINGERPRINT.findall(out)) == {fingerprint}


def test_a_person_is_the_same_in_every_format_command_and_run(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """Of those of whom something changes; formats for pipelines know nobody else."""
    _, out, _ = said(world, capfd, "plan", world.manifests, "--format", "json", "--audience", "public")
    keys = {each["key"] for each in json.loads(out)["actions"]}
    assert len(keys) == 11
    for words in (["plan", world.manifests], ["drift", world.manifests], ["show", world.folder / "plan.json"]):
        for output_format in FORMATS if words[0] == "show" else ALL_FORMATS:
            _, out, _ = said(world, capfd, *words, "--format", output_format, "--audience", "public")
            assert [key for key in keys if key not in out and words[0] != "show"] == [], (words, output_format)
            assert {key for key in keys if key.startswith("person-")} <= set(PERSON.findall(out))
    _, out, _ = said(world, capfd, "diff", "HEAD~1", "HEAD", "manifests", "--audience", "public")
    assert len(keys & set(PERSON.findall(out))) == 6


def test_another_key_gives_other_pseudonyms(
    world: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("plan", world.manifests, "--audience", "public")
    _, one, _ = said(world, capfd, *words)
    monkeypatch.setenv("RECONCILER_PSEUDONYM_KEY", f"another {KEY}")
    _, other, _ = said(world, capfd, *words)
    assert PERSON.sub("", one).split("\n\n")[0] == PERSON.sub("", other).split("\n\n")[0]
    assert set(PERSON.findall(one)) & set(PERSON.findall(other)) == set()


def test_without_a_key_one_is_kept(
    world: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILER_PSEUDONYM_KEY")
    words = ("plan", world.manifests, "--audience", "public")
    _, one, said_once = said(world, capfd, *words)
    _, other, _ = said(world, capfd, *words)
    assert PERSON.findall(one) == PERSON.findall(other)
    assert "of this run only" not in said_once
    key = world.state / "pseudonyms" / "key"
    assert (stat.S_IMODE(key.stat().st_mode), stat.S_IMODE(key.parent.stat().st_mode)) == (0o600, 0o700)
    key.write_bytes(b"short")
    _, third, talk = said(world, capfd, *words)
    assert set(PERSON.findall(one)) & set(PERSON.findall(third)) == set()
    assert "pseudonyms are of this run only: no key can be kept in" in talk
    key.unlink()


def test_a_diff_makes_no_state_directory(
    world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILER_PSEUDONYM_KEY")
    none = tmp_path / "none"
    capfd.readouterr()
    assert run_command(["--state-dir", str(none), "diff", "HEAD~1", "HEAD", "manifests", "--audience", "public"]) == 0
    out, err = capfd.readouterr()
    assert "there is no state directory to keep a key in" in err
    assert leaks(out, err) == []
    assert not none.exists()


def test_a_key_that_could_be_guessed_is_refused(
    world: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_PSEUDONYM_KEY", "secret")
    code, out, err = said(world, capfd, "plan", world.manifests, "--audience", "public")
    assert (code, out) == (1, "")
    assert "RECONCILER_PSEUDONYM_KEY has less than 16 characters" in err


def test_one_variable_is_for_all_commands(
    world: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RECONCILER_AUDIENCE", "RECONCILER_PLAN_AUDIENCE"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "public")
            _, out, err = said(world, capfd, "-v", "plan", world.manifests)
            assert leaks(out, err) == []
            assert "audience public" in out


def test_the_json_has_no_digest_of_what_can_be_guessed(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(world, capfd, "plan", world.manifests, "--format", "json", "--audience", "public")
    document = json.loads(out)
    assert Draft202012Validator(plan_schema()).is_valid(document)
    assert document["audience"] == "public"
    assert (document["contentDigest"], document["signature"], document["manifests"]["digest"]) == (None, None, None)
    assert {each["digest"] for each in document["actions"]} == {None}
    assert [f"sha256:{each}" for each in FINGERPRINT.findall(out)] == [document["fingerprint"]]
    people = [each for each in document["actions"] if each["resource"] == "User"]
    assert {each["id"] for each in people} <= {each["key"] for each in people} | {None}
    values = {str(change[side]) for each in people for change in each["changes"] for side in ("before", "after")}
    assert {value for value in values if not PERSON.fullmatch(value)} == {"None", "True", "False", "changed (hidden)"}


def test_a_public_plan_is_shown_and_never_applied(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(world, capfd, "plan", world.manifests, "--format", "json", "--audience", "public")
    file = world.folder / "public.json"
    file.write_text(out, encoding="utf-8")
    code, again, err = said(world, capfd, "show", file, "--format", "json")
    assert (code, again) == (0, out)
    assert "apply would refuse it: it is a report for the public" in err
    for audience in ("internal", "public"):
        code, out, err = said(world, capfd, "apply", world.manifests, "--plan", file, "--audience", audience)
        assert (code, out) == (1, "")
        assert "the approved plan is refused: it is a report for the public" in err


def test_what_is_saved_for_apply_is_all_of_the_plan(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    file = world.folder / "saved.json"
    _, out, err = said(world, capfd, "plan", world.manifests, "--out", file, "--audience", "public")
    assert leaks(out, err) == []
    saved, known = (json.loads(each.read_text(encoding="utf-8")) for each in (file, world.folder / "plan.json"))
    assert (saved["actions"], saved["fingerprint"]) == (known["actions"], known["fingerprint"])
    assert "audience" not in saved


@pytest.mark.parametrize("words", [("explain", "Desk"), ("drift", "{manifests}", "--adopt", "--dry-run")], ids=" ".join)
def test_what_is_about_values_is_not_for_the_public(
    words: tuple[str, ...], world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    given = [each.format(manifests=world.manifests) for each in words]
    code, out, err = said(world, capfd, *given, "--audience", "public")
    assert (code, out) == (64, "")
    assert "not for the public: say --audience internal" in err


@pytest.mark.parametrize("command", ["validate", "plan", "drift", "apply", "check", "import"])
def test_what_is_wrong_in_manifests_is_told_by_its_place(
    command: str, world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copytree(world.manifests, tmp_path / "manifests")
    with (tmp_path / "manifests" / "users.yaml").open("a", encoding="utf-8") as file:
        file.write(f"- {{userName: {MARK}, manager: {MARK}-boss, titel: {MARK}}}\n")
    code, out, err = said(world, capfd, command, tmp_path / "manifests", "--audience", "public")
    assert (code, out) == (1, "")
    assert leaks(err) == []
    assert re.search(r"users\.yaml:\d+:\d+: what is wrong is \(hidden\)", err)
    assert "--audience internal" in err


@pytest.mark.parametrize("output_format", ["text", "json", "csv"])
def test_a_journal_that_was_changed_names_nobody(
    output_format: str, world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copytree(world.state / "journal", tmp_path / "journal")
    file = next((tmp_path / "journal").glob("*.jsonl"))
    file.write_bytes(file.read_bytes().replace(f"{MARK} title".encode(), f"{MARK} changed".encode(), 2))
    capfd.readouterr()
    words = ("history", "--verify", "--format", output_format, "--audience", "public")
    assert run_command(["--state-dir", str(tmp_path), *words]) == 1
    out, err = capfd.readouterr()
    assert leaks(out, err) == []
    assert file.name in out


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_import_counts_what_it_has_to_say_of_people(
    log_format: str, world: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ("--log-format", log_format, "import", world.manifests, "--out")
    code, _, internal = said(world, capfd, *words, tmp_path / "one")
    again, out, err = said(world, capfd, *words, tmp_path / "other", "--audience", "public")
    assert code == again
    assert leaks(internal) != []
    assert leaks(out, err) == []
    assert "notes (hidden)" in err
    if log_format == "json":
        assert {json.loads(line)["level"] for line in internal.splitlines()} == {"info", "warning"}


def test_an_unknown_target_is_not_repeated(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    words = ("plan", world.manifests, "--target", f"{world.people['ann'].user_name}x")
    code, _, err = said(world, capfd, *words)
    assert leaks(err) != []
    assert said(world, capfd, *words, "--audience", "public")[0] == code
    code, out, err = said(world, capfd, *words, "--audience", "public")
    assert leaks(out, err) == []


def test_an_apply_names_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the plan, nor its progress, nor what failed, nor what of an approved plan was not done."""
    monkeypatch.setenv("RECONCILER_PSEUDONYM_KEY", KEY)
    monkeypatch.setenv("GITHUB_ACTOR", MARK)
    faults = (parse_fault("status=422,method=POST,after=11,times=1"),)
    with service(faults=faults) as (sandbox, url):
        world = World(tmp_path, sandbox, url)
        stay = [each for name, each in world.people.items() if name not in ("gil", "zoe")]
        world.users(*(each.but(title=f"{MARK} new") for each in stay))
        world.groups(Desk=[*stay, world.people["gil"]], Night=stay, **{world.personal: stay})
        allow = ("--allow", "membershipRemovals=99")
        assert world.call("plan", world.manifests, "--out", tmp_path / "plan.json", *allow) == 0
        world.change(world.people["bob"], title=f"{MARK} in between")
        results = [
            said(world, capfd, "apply", world.manifests, *words, *allow, "--audience", "public")
            for words in (["--plan", tmp_path / "plan.json"], ["--yes"], ["--yes"])
        ]
    assert [code for code, _, _ in results] == [4, 0, 0]
    for _, out, err in results:
        assert leaks(out, err) == []
    assert "approved, but no longer as approved, not done:" in results[0][1]
    assert "HTTP 422 (hidden)" in results[0][1]
    assert "[1/" in results[0][2]
    assert "No changes." in results[2][1]


def test_news_says_no_more_than_the_command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the tenant allows everything."""
    monkeypatch.setenv("RECONCILER_PSEUDONYM_KEY", KEY)
    faults = (parse_fault("status=422,method=POST,after=11"),)
    with web_receiver() as web, service(faults=faults) as (sandbox, url):
        monkeypatch.setenv("HOOK", f"json://127.0.0.1:{web.port}/")
        world = World(tmp_path, sandbox, url)
        world.tenant(protected=[], notify={"to": {"env": "HOOK"}, "detail": "changes"})
        for words in (["plan"], ["drift"], ["apply", "--yes"]):
            assert said(world, capfd, words[0], world.manifests, *words[1:], "--audience", "public")[0] in (2, 3)
        world.users(world.people["ann"].record)
        world.groups(Desk=[world.people["ann"]])
        allow = ("--allow", "membershipRemovals=99", "--allow", "deactivations=99")
        assert said(world, capfd, "apply", world.manifests, "--yes", *allow, "--audience", "public")[0] == 4
    assert [each.body["title"].rpartition(": ")[2] for each in web.received] == [
        "plan refused",
        "drift found",
        "apply refused",
        "applied in part",
    ]
    assert leaks(*web.messages) == []
    assert all("person-" in message for message in web.messages)
    assert "HTTP 422 (hidden)" in web.messages[-1]


def test_a_canary_names_nobody(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where 4me keeps something else than was asked for: neither then, nor in the journal."""
    monkeypatch.setenv("RECONCILER_PSEUDONYM_KEY", KEY)
    with service(faults=(parse_fault("normalise=drop"),)) as (sandbox, url):
        world = World(tmp_path, sandbox, url)
        world.users(
            *(each.but(title=f"{MARK} new") for name, each in world.people.items() if name not in ("gil", "zoe"))
        )
        world.groups(Desk=[world.people["ann"], world.people["gil"]])
        words = ("--canary", "1", "--yes", "--allow", "membershipRemovals=99", "--audience", "public")
        code, out, err = said(world, capfd, "apply", world.manifests, *words)
    assert (code, leaks(out, err)) == (4, [])
    assert "error: It was applied in part." in err
    run = max((world.state / "journal").glob("*.jsonl")).stem
    for output_format in ("text", "json"):
        code, out, err = said(world, capfd, "history", run, "--format", output_format, "--audience", "public")
        assert (code, leaks(out, err)) == (0, [])
        assert "canary" in out


SHOWS_NOBODY = {"completion", "schema", "sandbox"}
ONLY_FOR_THOSE_WHO_MAY_KNOW = {"evaluate", "import-entra", "init"}
"""They write or print what they are given."""


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_every_command_is_for_an_audience(name: str) -> None:
    options = [each.opts[0] for each in load_command(name).params]
    assert ("--audience" in options) != (name in SHOWS_NOBODY | ONLY_FOR_THOSE_WHO_MAY_KNOW)

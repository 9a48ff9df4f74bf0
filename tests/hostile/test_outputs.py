"""Hostile names in 4me, in manifests and in the journal, through every command and every format of the command line.

Each output is read the way its reader reads it: a terminal, a spreadsheet, JSON, XML, HTML, a comment of Markdown, a
pipeline's log. What it then shows may hold any name; what it does may not depend on one.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import unicodedata
from contextlib import chdir, redirect_stderr, redirect_stdout
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from reconciler.cli import run_command
from tests.services import meddle, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TYPED = (
    "=HYPERLINK(1)",
    "+1",
    "-1+1",
    "@SUM(1)",
    "a | b || c",
    "`code` ``` ~~~ *b* __u__ # h",
    "@all @widget/everyone #1 GH-1",
    "<script>alert(1)</script><img src=x onerror=alert(1)></td>",
    "{{ 7*7 }}{% raw %}",
    "[a](javascript:alert(1)) ![a](http://evil.example/x)",
    "<http://evil.example> https://evil.example www.evil.example",
    "</code></details>&lt;b&gt;&#60;i&#62; <!-- --> -->",
    '\'; " onclick="alert(1)" \'',
    "::error file=a::b",
    "##vso[task.setvariable variable=a]b",
    "]]><![CDATA[",
    "%0A::error::x",
    "| --- |",
    "abc\u202efed \u200bhidden\ufeff",
    "a\u2028b",
)
"""What a name of a manifest may be."""
SEEN = (
    *TYPED,
    "\x1b[31mred\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\x9b31m\x9d0;title\x9c",
    "a\rb",
    "a\x08\x08\x08b",
    "a\nb: c\n::error::x",
    "\tTAB",
    "\r=1",
    "\x7f",
    "a\x00b",
)
"""What 4me may have besides."""


@pytest.fixture(name="cli", scope="module")
def _cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Capture]:
    """The command line in a repository of hostile manifests, beside a hostile tenant, after an apply."""
    folder = tmp_path_factory.mktemp("hostile")
    manifests = folder / "manifests"
    users: list[dict[str, object]] = [
        {
            "userName": f"{name}{number}",
            "title": name,
            "displayName": name,
            "customFields": {"x": name},
            "groups": [name],
        }
        for number, name in enumerate(TYPED)
    ]
    groups: list[dict[str, object]] = [{"displayName": name} for name in TYPED]
    capture = Capture(folder)
    with service() as (sandbox, url):
        declare(manifests, url, users, groups)
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "x")
        for number, name in enumerate(SEEN):
            meddle(sandbox, "POST", "/Users", {"userName": f"{name} live{number}", "title": name, "active": True})
        capture("plan", "manifests", "--out", "plan.json")
        capture.applied = "".join(capture("apply", "manifests", "--yes"))
        for each in users[::2]:
            each |= {"title": f"{each['title']}!", "groups": []}
        declare(manifests, url, users[:-2], groups)
        for number, name in enumerate(SEEN):
            meddle(sandbox, "POST", "/Users", {"userName": f"{name} more{number}", "title": name, "active": True})
        yield capture


def declare(folder: Path, url: str, users: list[dict[str, object]], groups: list[dict[str, object]]) -> None:
    """Manifests in JSON, which YAML has all of."""
    tenant = {
        "kind": "Tenant",
        "name": "t",
        "endpoint": url,
        "limits": {"requestsPerHour": 10**6, "requestsPerTwoSeconds": 10**6},
        "ownership": {"groups": {"unlisted": "report"}},
        "guardrails": {"deactivations": "100%", "membershipRemovals": "100%"},
    }
    documents = [tenant, {"kind": "Users", "users": users}, {"kind": "Groups", "groups": groups}]
    folder.mkdir(exist_ok=True)
    (folder / "all.yaml").write_text("\n---\n".join(map(json.dumps, documents)), encoding="utf-8")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x.example", *words], cwd=folder, check=True)


class Capture:
    """Runs the command line in a folder. Gives what was on stdout and stderr; a bug fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.applied = ""

    def __call__(self, *words: str) -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = run_command(["--state-dir", "state", *words])
        assert code in (0, 1, 2, 3, 4, 64), err.getvalue()
        check_terminal(err.getvalue())
        return out.getvalue(), err.getvalue()

    def key(self) -> str:
        return next(each for each in (f"{name}{number}" for number, name in enumerate(TYPED)) if "script" in each)

    def run(self) -> str:
        return max((self.folder / "state" / "journal").glob("*.jsonl")).stem


def check_terminal(text: str) -> None:
    assert {
        each for each in text if not (each.isprintable() or each == "\n" or unicodedata.category(each) == "Zs")
    } == set()
    assert re.findall(r"##(?:vso)?\[[^\n]*", text) == []
    assert re.findall(r"(?m)^\s*::[a-z-]+(?: |::)[^\n]*", text) == []


def check_json(text: str) -> None:
    check_terminal(text)
    json.loads(text.encode())


def check_xml(text: str) -> None:
    check_terminal(text)
    kinds = {each.tag for each in ET.fromstring(text).iter()}
    assert kinds <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "system-out",
        "properties",
        "property",
        "skipped",
    }


def check_log(text: str) -> None:
    assert [each for each in text if not (each.isprintable() or each == "\n")] == []
    assert re.findall(r"##(?:vso)?\[[^\n]*", text) == []
    for line in text.splitlines():
        assert re.fullmatch(r"::(error|warning|notice) (?:[a-z]+=[^,:]*,?)+::.*", line), line


def check_sheet(text: str) -> None:
    check_terminal(text)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [each for each in cells if each.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))] == []


class Page(HTMLParser):
    """What a page would do, beside showing text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: set[str] = set()
        self.loose = ""
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets |= {value or "" for name, value in attrs if name in ("href", "src")}
        if tag == "code":
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "code" and self.inside:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        self.loose += "" if self.inside else data


def check_page(text: str) -> None:
    check_terminal(text)
    page = Page(text)
    assert page.tags & {"img", "iframe", "object", "embed", "link", "base"} == set()
    assert [each for each in page.attributes if each.startswith("on")] == []
    assert [each for each in page.targets if not each.startswith("#")] == []
    assert "default-src 'none'" in text


def check_comment(text: str) -> None:
    check_terminal(text)
    page = Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    assert page.tags & {"script", "img", "a", "iframe", "svg", "style", "em", "del"} == set()
    assert page.attributes <= {"open", "start"}
    assert re.findall(r"evil|alert|@all|@widget|GH-1|#1\b|:::|7\*7", page.loose) == []


CHECKS = {
    "text": check_terminal,
    "json": check_json,
    "junit": check_xml,
    "sarif": check_json,
    "github": check_log,
    "csv": check_sheet,
    "html": check_page,
    "markdown": check_comment,
}
REVIEWS = ("text", "json", "markdown", "html")
MACHINES = ("junit", "sarif", "github")
TABLES = ("text", "json", "csv")
RUNS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("plan", "manifests"), (*REVIEWS, *MACHINES)),
    (("show", "plan.json"), REVIEWS),
    (("drift", "manifests"), (*REVIEWS, *MACHINES)),
    (("diff", "HEAD", "manifests"), REVIEWS),
    (("undo", "RUN", "manifests"), REVIEWS),
    (("validate", "manifests"), ("text", *MACHINES)),
    (("explain", "--offline", "KEY", "title"), ("text", "json")),
    (("explain", "KEY"), ("text", "json")),
    (("history",), TABLES),
    (("history", "RUN"), TABLES),
    (("history", "--since", "1d"), TABLES),
    (("history", "--verify"), TABLES),
)


@pytest.mark.parametrize(
    ("words", "output_format"),
    [
        pytest.param(words, each, id="-".join([*words, each]).replace("--", ""))
        for words, formats in RUNS
        for each in formats
    ],
)
def test_a_name_does_nothing_in_any_output(cli: Capture, words: tuple[str, ...], output_format: str) -> None:
    chosen = [cli.run() if each == "RUN" else cli.key() if each == "KEY" else each for each in words]
    out, err = cli(*chosen, "--format", output_format)
    assert out, err
    CHECKS[output_format](out)


def test_the_apply_itself(cli: Capture) -> None:
    check_terminal(cli.applied)
    assert "create" in cli.applied.lower()


def test_an_import_is_manifests_that_mean_the_same(cli: Capture) -> None:
    out, _ = cli("import", "manifests", "--out", "imported", "--include-inactive")
    check_terminal(out)
    cli("validate", "imported")
    for each in (cli.folder / "imported").rglob("*"):
        assert each.is_dir() or all(one.isprintable() or one == "\n" for one in each.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SEEN)
def test_words_of_the_command_line_are_shown_as_words(cli: Capture, name: str) -> None:
    """Whoever types them, or a pipeline that puts a title of a pull request there."""
    word = name.replace("\0", "")
    for words in (
        ("plan", "manifests", "--target", word),
        ("explain", "--offline", "--", word, "title"),
        ("history", "--", word),
        ("history", "--user", word),
        ("diff", "--", word),
        ("show", "--", word),
        ("evaluate", "--", word),
        ("evaluate", '"a"', "--record", f"a={word}"),
        ("plan", "manifests", "--at", word),
        ("plan", "manifests", "--allow", word),
        ("plan", "--", word),
        (f"--tenant={word}", "plan", "manifests"),
        (word,),
    ):
        out, err = cli(*words)
        check_terminal(out + err)

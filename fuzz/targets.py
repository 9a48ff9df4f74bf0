"""What is fuzzed: each target takes what its strategy gives, and lets nothing out but what it documents."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from fuzz import documents as seeds
from fuzz.language import anything, as_json, damaged, mutated, odd_texts, texts
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, tzinfo=UTC)
YAML = (
    "kind: Users\n", "users:\n", "  - ", "- ", "userName: ", "a", ": ", "\n", "  ", "? ", "&a ", "*a", "<<: ",
    "!!str ", "!x ", "[", "]",
    "{", "}", ", ", "'", '"', "|\n", ">-\n", "# x\n", "---\n", "...\n", "%YAML 1.2\n", "12:30", "0x1f", "~",
    "\\x41", "\\ud83d", "\\udc69",
)  # fmt: skip
EXPRESSION = (
    "[a]", "[b.c]", "[", "]", "(", ")", ", ", '"x"', '"', "1", "-2.5", "Join", "Join(", "Trim(", "Replace(", "IIF(",
    "Switch(", "Mid(",
    "Split(", "DateAdd(", "FormatDateTime(", "CDate(", "Now()", "Guid()", "SelectUniqueValue(", "NumFromDate(",
    "Item(", "Left(", "PCase(",
    "NormalizeDiacritics(", "AppRoleAssignmentsComplex(", "BitAnd(", "Count(", "Coalesce(", "Not(", "IsNull(",
    "Word(", "Soundex(",
)  # fmt: skip
PATTERN = (
    "(", ")", "(?<n>", "(?:", "(?i)", "(?=", "(?<!", "[", "]", "[^", "a-z", "-[aeiou]", "\\p{L}", "\\w", "\\1",
    "\\k<n>", "$", "^", "*", "+",
    "?", "{1,3}", "{", "|", ".", "a", "\\", "\\z", "&&", "--", "[[:alpha:]]", "(?(1)a|b)", "{9999999999}", "(?R)",
    "(?&n)",
)  # fmt: skip
FILTER = (
    "userName", " eq ", " co ", " pr", " and ", " or ", "not (", "(", ")", "[", "]", '"x"', "1", "-1e5", "true",
    "null", "emails", "emails.value",
    "emails[type eq ", "meta.lastModified", '"2026-11-24T10:00:00Z"', " gt ",
    "urn:ietf:params:scim:schemas:core:2.0:User:",
)  # fmt: skip
HEADERS = (
    "1",
    "-1",
    "3600",
    "9" * 400,
    "nan",
    "inf",
    "1e400",
    "١",
    "Tue, 24 Nov 2026 10:00:00 GMT",
    "Tue, ",
    "24 Nov ",
    "+9999",
    " GMT",
    "99:99:99",
)
DURATION = ("1", "90", "s", "m", "h", ".", "1.5", "9" * 30, "1e9", "٣", "-", " ")
PATH = (
    "emails",
    "[type eq ",
    '"work"',
    "]",
    ".value",
    "urn:",
    "ietf:params:scim:schemas:",
    "2.0:User:",
    "a.b",
    ":",
    ".",
)


@dataclass(frozen=True, slots=True)
class Target:
    """A parser: what it is fed with, how it is called, and the errors that it documents."""

    given: st.SearchStrategy[Any]
    run: Callable[[Any], object]
    expected: tuple[type[Exception], ...] = (ReconcilerError,)

    def check(self, value: Any) -> None:
        """Feed it once; whatever else than an expected error comes out is a finding."""
        try:
            self.run(value)
        except self.expected:
            return


def _read_yaml(data: bytes) -> None:
    from reconciler.manifests.quick_values import Unsure
    from reconciler.manifests.quick_yaml import read_quickly
    from reconciler.manifests.yaml_reader import find_places, read_yaml

    try:
        for document in read_quickly(data):
            list(document.records or ())
    except Unsure:
        pass
    text = data.decode("utf-8")
    read_yaml(text)
    find_places(text)


def _read_manifests(files: dict[str, bytes]) -> None:
    from reconciler.manifests.read import open_manifests
    from reconciler.session import ownership_filters

    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        found = open_manifests(Path(folder), NOW)
        for tenant in found.tenants():
            ownership_filters(tenant)
        found.read()
        found.run_tests()


def _evaluate(given: tuple[str, dict[str, Any]]) -> None:
    from reconciler.mapping.expressions.values import Surroundings
    from reconciler.mapping.trial import try_expression
    from reconciler.report.explain import render_steps

    trial = try_expression(given[0], given[1], Surroundings(NOW, "k", "t", "x.example"), ("x",))
    render_steps(trial.steps)


def _match(given: tuple[str, str, str]) -> None:
    from reconciler.mapping.patterns import compile_pattern

    pattern, text, template = given
    found = compile_pattern(pattern)
    found.matches_whole(text)
    found.replace(text, template)
    found.group(text, "1")
    found.replace_group(text, "n", template)


def _filter(given: tuple[str, dict[str, Any]]) -> None:
    from reconciler.scim.filters import matches, parse_filter

    matches(parse_filter(given[0]), given[1])


def _show_plan(data: bytes) -> None:
    from reconciler.report.plan_json import parse_plan_json, render_plan_json
    from reconciler.report.text import render_plan

    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return
    saved = parse_plan_json(text)
    render_plan(saved.plan, color=True, width=80)
    render_plan_json(saved.plan)


def _read_journal(lines: list[bytes]) -> None:
    from reconciler.core.plan_model import TenantIdentity
    from reconciler.journal.reading import last_written_fields, look_back, read_run, read_runs

    with tempfile.TemporaryDirectory() as state:
        (Path(state) / "journal").mkdir()
        (Path(state) / "journal" / "20261124T100000Z-00000000.jsonl").write_bytes(b"\n".join(lines))
        for each in read_runs(Path(state)):
            read_run(Path(state), each.run)
        tenant = TenantIdentity("t", "https://x/scim/v2", None)
        look_back(Path(state), tenant)
        last_written_fields(Path(state), tenant)


def _read_page(body: bytes) -> None:
    from reconciler.core.model import ResourceType
    from reconciler.scim.wire import decode_page, decode_resource, member_displays, to_live

    page = decode_page(body, "GET /Users")
    for row in page.rows:
        for resource in ResourceType:
            to_live(row, resource, "GET /Users")
        member_displays(row.get("members"))
    to_live(decode_resource(body, "GET /Users/1"), ResourceType.USER, "GET /Users/1")


def _explain(given: tuple[bytes, str]) -> None:
    from reconciler.scim.messages import describe_body, explain_answer

    text = str(explain_answer("GET /Users", 400, describe_body(*given)))
    assert text.isprintable()
    assert len(text) < 400


def _headers(headers: dict[str, str]) -> None:
    from reconciler.scim.ratelimit import ServerClock, read_rate_limit, read_retry_after

    told = read_rate_limit(headers)
    after = read_retry_after(headers, 1e9)
    assert after is None or after >= 0
    if told:
        assert ServerClock().seconds_until(told.reset, headers, (0.0, 1e9)) >= 0


def _durations(text: str) -> None:
    from reconciler.core.durations import parse_duration, show_seconds

    show_seconds(parse_duration(text))


def _clocks(text: str) -> None:
    from reconciler.mapping.clock import parse_clock

    parse_clock(text)


def _paths(text: str) -> None:
    from reconciler.core.paths import parse_path
    from reconciler.report.words import safe, show_path

    assert safe(show_path(text)) == show_path(text)
    parse_path(text)


def _entra(data: bytes) -> None:
    from reconciler.cli.import_entra import check_document
    from reconciler.entra.importing import import_schema

    import_schema(data, check_document)


def _keys(data: bytes) -> None:
    from reconciler.signing import load_signer, load_verify_keys

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        path.write_bytes(data)
        for load in (load_signer, load_verify_keys):
            try:
                load(path)
            except ReconcilerError:
                continue


def _names(name: str) -> None:
    from reconciler.manifests.lookalikes import find_oddities, skeleton

    assert all(isinstance(each, str) for each in find_oddities(name))
    skeleton(name)


def _expected(name: str) -> tuple[type[Exception], ...]:
    from reconciler.entra.places import SchemaProblem
    from reconciler.manifests.yaml_reader import YamlProblem
    from reconciler.mapping.expressions.syntax import ExpressionProblem
    from reconciler.mapping.expressions.values import EvaluationProblem
    from reconciler.mapping.patterns import PatternProblem

    return {
        "yaml": (YamlProblem, UnicodeDecodeError),
        "expressions": (ExpressionProblem, EvaluationProblem),
        "patterns": (PatternProblem,),
        "filters": (ValueError,),
        "durations": (ValueError,),
        "clocks": (ValueError,),
        "paths": (ValueError,),
        "entra": (SchemaProblem,),
    }.get(name, (ReconcilerError,))


_records = st.dictionaries(st.sampled_from("abc"), anything, max_size=3)
_manifest = st.lists(mutated(seeds.MANIFESTS), min_size=1, max_size=3).map(
    lambda found: "\n---\n".join(map(as_json, found))
)
_data = {
    "x.csv": damaged(texts("userName", "title", ",", ";", "\n", "\r\n", '"', '""', "a", "\t")),
    "x.json": damaged(mutated(seeds.ROWS).map(as_json)),
    "x.jsonl": damaged(st.lists(mutated(seeds.ROWS[0]).map(as_json), max_size=4).map("\n".join)),
}
_targets: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], object]]] = {
    "yaml": (damaged(texts(*YAML)), _read_yaml),
    "manifests": (st.fixed_dictionaries({"a.yaml": damaged(_manifest)}), _read_manifests),
    "data": (
        st.sampled_from(sorted(_data)).flatmap(
            lambda name: st.fixed_dictionaries(
                {"a.yaml": mutated(seeds.SOURCES[name]).map(as_json).map(str.encode), name: _data[name]}
            )
        ),
        _read_manifests,
    ),
    "expressions": (st.tuples(texts(*EXPRESSION), _records), _evaluate),
    "patterns": (
        st.tuples(texts(*PATTERN, most=12), texts("a", "b", most=30), texts("$1", "${n}", "$&", "$$", "$", most=6)),
        _match,
    ),
    "filters": (
        st.tuples(texts(*FILTER), mutated(seeds.ATTRIBUTES).filter(lambda each: isinstance(each, dict))),
        _filter,
    ),
    "plans": (damaged(mutated(seeds.PLANS).map(as_json)), _show_plan),
    "journals": (st.lists(damaged(mutated(seeds.JOURNAL).map(as_json)), max_size=5), _read_journal),
    "pages": (damaged(mutated(seeds.PAGES).map(as_json)), _read_page),
    "errors": (
        st.tuples(damaged(mutated(seeds.ERRORS).map(as_json) | texts("<html>", "<title>", "</title>", "a")), odd_texts),
        _explain,
    ),
    "headers": (
        st.dictionaries(
            st.sampled_from(("retry-after", "date", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")),
            texts(*HEADERS, most=4),
        ),
        _headers,
    ),
    "durations": (texts(*DURATION, most=6), _durations),
    "clocks": (texts("2026-11-24", "T", "10:00:00", "Z", "+01:00", "24", "-", ":", most=6), _clocks),
    "paths": (texts(*PATH, most=8), _paths),
    "entra": (damaged(mutated(seeds.ENTRA).map(as_json)), _entra),
    "keys": (damaged(texts(*seeds.KEYS, most=6)), _keys),
    "names": (st.text(max_size=30) | texts("а", "a", "é", "e\u0301", "漢", "か", "\u200d", "👩", "@", "."), _names),
}
NAMES = tuple(_targets)


def find_target(name: str) -> Target:
    """The target of this name."""
    given, run = _targets[name]
    return Target(given, run, _expected(name))

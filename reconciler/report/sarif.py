"""Results as SARIF 2.1.0 (OASIS), for code scanning.

The same results give the same bytes, all of them ASCII. Places are relative to the root of the repository, `%SRCROOT%`.
"""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler import __version__
from reconciler.report.results import Level
from reconciler.report.words import safe

if TYPE_CHECKING:
    from reconciler.core.model import Source
    from reconciler.report.results import Report, Result

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
MOST = 5000
"""Results that code scanning shows; it refuses a log with many more. What matters most comes first."""
FINGERPRINT = "reconciler/v1"
"""Which rule, which file, what about: it stays the same while lines move."""


def render_sarif(report: Report) -> str:
    """One log with one run; a tenant's runs are a category of their own."""
    results = sorted(report.results, key=lambda each: list(Level).index(each.level))[:MOST]
    rules = list(dict.fromkeys(result.rule for result in results))
    seen: Counter[str] = Counter()
    run = {
        "tool": {
            "driver": {
                "name": "reconciler",
                "version": __version__,
                "rules": [{"id": each, "shortDescription": {"text": each.replace("-", " ")}} for each in rules],
            }
        },
        "automationDetails": {"id": safe("/".join(["reconciler", *report.name.split(" "), ""]))},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(len(report.results) - len(results))],
        "results": [_result(report, each, rules.index(each.rule), seen) for each in results],
    }
    return f"{json.dumps({'$schema': SCHEMA, 'version': '2.1.0', 'runs': [run]}, indent=1)}\n"


def _invocation(left_out: int) -> dict[str, Any]:
    notes = [{"level": "warning", "message": {"text": f"{left_out} more results are left out"}}] if left_out else []
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}


def _result(report: Report, result: Result, rule: int, seen: Counter[str]) -> dict[str, Any]:
    place = report.place(result)
    told = {
        "ruleId": result.rule,
        "ruleIndex": rule,
        "level": result.level.value,
        "message": {"text": result.message},
        "partialFingerprints": {FINGERPRINT: _fingerprint(report, result, seen)},
    }
    return told | {"locations": [_location(place)]} if place else told


def _fingerprint(report: Report, result: Result, seen: Counter[str]) -> str:
    file = result.place.file if result.place else ""
    told = sha256(json.dumps((result.rule, report.tenant, file, result.subject)).encode()).hexdigest()
    seen[told] += 1
    return f"{told}:{seen[told]}"


def _location(place: Source) -> dict[str, Any]:
    artifact = {"uri": quote(place.file, errors="replace")}
    if not place.file.startswith("/"):
        artifact["uriBaseId"] = ROOT
    return {
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": {"startLine": place.line, "startColumn": place.column},
        }
    }

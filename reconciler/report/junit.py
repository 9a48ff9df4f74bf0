"""Results as JUnit XML, as Jenkins, GitLab and Azure DevOps read it: a test case each, failed if the check is.

All of it is ASCII, so that it is the same in any encoding.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from reconciler.report.words import safe

if TYPE_CHECKING:
    from reconciler.report.results import Report, Result


def render_junit(report: Report) -> str:
    """One suite. What does not fail the check passes and says what it has to say; nothing found is one passed case."""
    suites = Element("testsuites", name="reconciler")
    suite = SubElement(suites, "testsuite", name=safe(f"reconciler {report.name}"))
    seen: Counter[tuple[str, str]] = Counter()
    for result in report.results:
        _add_case(suite, report, result, seen)
    if not report.results:
        SubElement(suite, "testcase", name="nothing found", classname=safe(report.name), time="0")
    failures = sum(1 for result in report.results if result.fails)
    for each in (suites, suite):
        each.attrib |= {"tests": str(len(suite)), "failures": str(failures), "errors": "0", "time": "0"}
    indent(suites)
    return f"{tostring(suites, encoding='us-ascii', xml_declaration=False).decode()}\n"


def _add_case(suite: Element, report: Report, result: Result, seen: Counter[tuple[str, str]]) -> None:
    """A case is known by its class and name from run to run, so no two may share them."""
    place = report.place(result)
    group = safe(place.file) if place else report.name
    seen[group, result.subject] += 1
    count = seen[group, result.subject]
    name = result.subject if count == 1 else f"{result.subject} ({count})"
    case = SubElement(suite, "testcase", name=name, classname=group, time="0")
    if place:
        case.attrib |= {"file": safe(place.file), "line": str(place.line)}
    where = f"{safe(place.file)}:{place.line}:{place.column}: " if place else ""
    text = f"{where}{result.message}"
    if result.fails:
        SubElement(case, "failure", message=result.message, type=result.rule).text = text
    else:
        SubElement(case, "system-out").text = f"{result.level.value}: {text}"

"""The HTML report in a headless Chromium: it opens in silence, filters, stays quick, and hostile names do nothing."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from reconciler.core.paths import MANAGER
from reconciler.core.plan_model import Change, Guard
from reconciler.report.html import render_html
from reconciler.report.links import Links
from reconciler.report.review_drift import drift_review
from reconciler.report.review_plan import plan_review
from tests.browser import CHROMIUM, browse
from tests.builders import action, created, drift_of, group, plan, user
from tests.report.examples import CREATE, DEACTIVATE, EVERYTHING, HOSTILE, REACTIVATE, UPDATE, evil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.core.plan_model import Action, Plan
    from tests.browser import Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install Debian's `chromium`")

LINKS = Links("https://github.com/widget/access", "abc", "manifests")
SHOWN = "document.getElementById('shown').textContent"
VISIBLE = """[...document.querySelectorAll('.rows > li')]
  .filter(row => row.checkVisibility()).map(row => row.querySelector('h4').textContent)"""
TYPE = """new Promise(done => {
  const field = document.querySelector(`[name=${%s}]`), start = performance.now();
  field.value = %s;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  const shown = document.getElementById('shown'), before = location.hash;
  const watch = () => location.hash !== before
    ? requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)))
    : setTimeout(watch, 5);
  watch();
})"""

CONTRAST = """(() => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = color => {
    paint.fillStyle = color;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const linear = each => each <= .03928 ? each / 12.92 : ((each + .055) / 1.055) ** 2.4;
  const light = color => rgb(color).map(each => linear(each / 255))
    .reduce((sum, each, index) => sum + each * [.2126, .7152, .0722][index], 0);
  const behind = element => {
    const color = getComputedStyle(element).backgroundColor;
    return color === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : color;
  };
  const texts = 'h1, h2, h3, h4, p, a, dt, dd span, b, td, th, label, button, li strong, .quiet, .badge';
  return [...document.querySelectorAll(texts)].filter(element => {
    const pair = [light(getComputedStyle(element).color), light(behind(element))].sort((one, other) => other - one);
    return (pair[0] + .05) / (pair[1] + .05) < 4.5;
  }).map(element => element.outerHTML);
})()"""


@pytest.fixture(name="browser", scope="module")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browse(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def many(number: int) -> Plan:
    """So many changes, of each kind some."""
    actions: list[Action] = []
    for index in range(number):
        match index % 10:
            case 0:
                found = action(DEACTIVATE, user(f"gone{index}"), Change("active", before=True, after=False))
            case 1:
                found = action(CREATE, user(f"new{index}"), *created(title="Agent"), line=index)
            case 2:
                found = action(REACTIVATE, user(f"back{index}"), Change("active", before=False, after=True), line=index)
            case 3:
                members = [user(f"p{each}") for each in range(index, index + 30)]
                found = action(UPDATE, group(f"Team {index}"), add=members[:5], remove=members[5:], line=index)
            case _:
                manager = Change(MANAGER, "boss@widget.example", "chief@widget.example")
                changes = [Change("title", "Agent", "Lead"), manager]
                found = action(UPDATE, user(f"p{index}"), *changes[: 1 + index % 2], line=index)
        actions.append(found)
    return plan(*actions, guards=(Guard("deactivations", number // 10, 50, breached=True),), warnings=("careful",))


@pytest.fixture(name="page", scope="module")
def _page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "everything.html"
    path.write_text(render_html(plan_review(EVERYTHING), LINKS), encoding="utf-8")
    return path


@pytest.fixture(name="large", scope="module")
def _large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "large.html"
    path.write_text(render_html(plan_review(many(10_000)), LINKS), encoding="utf-8")
    return path


def type_into(browser: Browser, field: str, text: str) -> float:
    """Set a filter as a person does; milliseconds until what it leaves was on the screen."""
    taken: float = browser.evaluate(TYPE % (json.dumps(field), json.dumps(text)))
    return taken


def test_it_opens_in_silence_and_asks_for_nothing_else(browser: Browser, page: Path) -> None:
    browser.open(page)
    assert browser.trouble == []
    assert browser.requests == [page.as_uri()]
    assert browser.evaluate("document.title") == "Plan for production"


@pytest.mark.parametrize(
    ("fragment", "shown"),
    [
        ("", 31),
        ("#q=liam", 1),
        ("#q=LIAM%20howard", 1),
        ("#q=nobody", 0),
        ("#kind=deactivate", 1),
        ("#kind=create", 2),
        ("#kind=create&type=Group", 1),
        ("#type=Group", 2),
        ("#kind=membership", 25),
        ("#group=Night+Shift", 2),
        ("#group=night+shift&type=User", 1),
        ("#group=service&change=lose", 2),
        ("#attribute=manager", 1),
        ("#change=lose&type=User", 1),
        ("#changes", 31),
    ],
)
def test_a_view_is_a_link(browser: Browser, page: Path, fragment: str, shown: int) -> None:
    browser.open(page, fragment)
    assert browser.evaluate(SHOWN) == f"{shown} of 31 shown"
    assert len(browser.evaluate(VISIBLE)) == shown
    assert browser.trouble == []


def test_filters_are_kept_in_the_link_and_can_be_taken_back(browser: Browser, page: Path) -> None:
    browser.open(page)
    type_into(browser, "q", "agent0")
    type_into(browser, "group", "Service Desk")
    assert browser.evaluate(SHOWN) == "11 of 31 shown"
    assert browser.evaluate("location.hash") == "#q=agent0&group=Service+Desk"
    browser.evaluate("document.querySelector('[type=reset]').click(), new Promise(done => setTimeout(done, 20))")
    assert browser.evaluate(f"[{SHOWN}, location.hash]") == ["31 of 31 shown", ""]


def test_every_fact_and_chart_leads_to_a_view(browser: Browser, page: Path) -> None:
    browser.open(page)
    links = browser.evaluate("[...document.querySelectorAll('header a, .overview a')].map(link => link.hash)")
    assert len(links) > 10
    for link in links:
        browser.open(page, link)
        assert browser.evaluate(VISIBLE) != [], link


def test_sections_and_offers_follow(browser: Browser, page: Path) -> None:
    browser.open(page, "#kind=update")
    titles = """[...document.querySelectorAll('.kind')].filter(each => !each.hidden)
      .map(each => each.querySelector('h3').innerText.trim())"""
    assert browser.evaluate(titles) == ["~ People who change (1)", "~ Groups that change (1)"]
    offered = "[...document.querySelectorAll('#groups option')].map(each => each.value)"
    assert browser.evaluate(offered) == ["Night Shift", "Service Desk"]


def test_ten_thousand_changes_stay_responsive(browser: Browser, large: Path) -> None:
    browser.open(large)
    assert browser.trouble == []
    total = browser.evaluate(SHOWN).removesuffix(" shown").split(" of ")[1]
    taken = [type_into(browser, "q", text) for text in ("p77", "lead", "agent chief", "")]
    assert browser.evaluate(SHOWN) == f"{total} of {total} shown"
    assert max(taken) < 3000, "a tenth of that is usual"
    drawn = """[...document.querySelectorAll('h4')]
      .filter(each => each.checkVisibility({ contentVisibilityAuto: true })).length"""
    assert browser.evaluate(drawn) < 500


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_do_nothing(browser: Browser, tmp_path: Path, name: str) -> None:
    page, ordinary = tmp_path / "evil.html", tmp_path / "ordinary.html"
    counts = []
    for path, text in ((page, name), (ordinary, "x")):
        path.write_text(render_html(plan_review(evil(text)), LINKS), encoding="utf-8")
        browser.open(path, "#q=x" if text == "x" else "")
        assert browser.trouble == []
        assert browser.requests == [path.as_uri()]
        counts.append(browser.evaluate("document.querySelectorAll('*:not(option)').length"))
    assert counts[0] == counts[1]
    browser.open(page)
    group_name = browser.evaluate("document.querySelector('[data-type=Group] h4').textContent")
    type_into(browser, "group", group_name)
    assert group_name in browser.evaluate(VISIBLE)
    assert browser.trouble == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(browser: Browser, page: Path, scheme: str) -> None:
    """WCAG's 4.5 to 1 for each kind of text on what is behind it."""
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(page)
    assert browser.evaluate(CONTRAST) == []


def test_a_keyboard_reaches_everything(browser: Browser, page: Path) -> None:
    browser.open(page)
    order = """[...document.querySelectorAll('a, input, select, button, summary')]
      .filter(each => each.checkVisibility() && each.tabIndex < 0).map(each => each.outerHTML)"""
    assert browser.evaluate(order) == []
    unnamed = "[...document.querySelectorAll('input, select')].filter(each => each.labels.length !== 1).length"
    assert browser.evaluate(unnamed) == 0
    landmarks = """['header', 'main', 'footer', '[role=search]', '[role=status]']
      .map(each => document.querySelectorAll(each).length)"""
    assert browser.evaluate(landmarks) == [1, 1, 1, 1, 1]
    for key in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=key, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert browser.evaluate("document.activeElement.textContent") == "Skip to the changes"


@pytest.mark.parametrize("width", [320, 400, 800, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, page: Path, width: int) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.open(page)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    browser.call("Emulation.clearDeviceMetricsOverride")


def test_printed_it_shows_everything(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.call("Emulation.setEmulatedMedia", media="print")
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    hidden_in_the_end = """new Promise(done => {
      const look = left => {
        const hidden = [...document.querySelectorAll('.rows li *')]
          .filter(each => !each.checkVisibility({ contentVisibilityAuto: true })).length;
        if (hidden && left) requestAnimationFrame(() => look(left - 1)); else done(hidden);
      };
      look(200);
    })"""
    assert browser.evaluate(hidden_in_the_end) == 0, "what is not painted yet is, some frames later"
    assert browser.evaluate("document.getElementById('filters').checkVisibility()") is False
    assert b64decode(browser.call("Page.printToPDF")["data"]).startswith(b"%PDF")
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate("document.querySelectorAll('details[open]').length") == 0
    browser.call("Emulation.setEmulatedMedia", media="")


def test_without_script_everything_is_there_but_the_filters(browser: Browser, page: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        assert browser.evaluate("document.querySelectorAll('#groups option').length") == 0
        assert browser.evaluate(f"[{SHOWN}, {VISIBLE}.length]") == ["31 of 31 shown", 31]
        assert browser.evaluate("document.getElementById('filters').checkVisibility()") is False
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_drift_opens_in_silence(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "drift.html"
    path.write_text(render_html(drift_review(EVERYTHING, drift_of(EVERYTHING)), LINKS), encoding="utf-8")
    browser.open(path, "#kind=create")
    assert browser.trouble == []
    assert browser.evaluate(SHOWN) == "2 of 31 shown"

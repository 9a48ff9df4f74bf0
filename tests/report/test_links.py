"""Places as links: in each forge, encoded, and never to anywhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model import Source
from reconciler.report.links import Links, is_https

AT = Source("teams/it.yaml", 12)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://github.com/widget/access", "https://github.com/widget/access/blob/abc/m/teams/it.yaml#L12"),
        ("https://github.com/widget/access.git", "https://github.com/widget/access/blob/abc/m/teams/it.yaml#L12"),
        ("https://git.widget.example/access/", "https://git.widget.example/access/blob/abc/m/teams/it.yaml#L12"),
        ("https://gitlab.com/widget/access", "https://gitlab.com/widget/access/-/blob/abc/m/teams/it.yaml#L12"),
        ("https://bitbucket.org/w/access", "https://bitbucket.org/w/access/src/abc/m/teams/it.yaml#lines-12"),
        (
            "https://dev.azure.com/w/p/_git/access",
            (
                "https://dev.azure.com/w/p/_git/access?path=/m/teams/it.yaml"
                "&version=GCabc&line=12&lineEnd=12&lineStartColumn=1&lineEndColumn=999"
            ),
        ),
        ("https://g.example/r/{revision}/f/{path}?l={line}", "https://g.example/r/abc/f/m/teams/it.yaml?l=12"),
        ("", None),
        ("http://github.com/widget/access", None),
        ("javascript:alert(1)", None),
        ("https://me:secret@github.com/widget/access", None),
        ("https://github.com/a)b", None),
        ('https://github.com/a"b', None),
        ("https://github.com/a|b", None),
        ("https://", None),
        ("https://[", None),
        (f"https://github.com/{'a' * 2000}", None),
    ],
)
def test_forges(pattern: str, url: str | None) -> None:
    assert Links(pattern, "abc", "m").to(AT) == url


@pytest.mark.parametrize("file", ["../it.yaml", "a/../../b", "/etc/passwd", "a//b", ".", ""])
def test_a_path_that_leads_elsewhere_is_no_link(file: str) -> None:
    assert Links("https://github.com/widget/access", "abc").to(Source(file, 1)) is None


def test_what_is_not_known_is_no_link() -> None:
    links = Links("https://github.com/widget/access")
    assert links.to(AT) is None
    assert links.to(None, "abc") is None
    assert links.to(AT, "old") == "https://github.com/widget/access/blob/old/teams/it.yaml#L12"


@given(st.text(), st.text(), st.text())
def test_no_name_gets_out_of_its_place(file: str, folder: str, revision: str) -> None:
    url = Links("https://github.com/widget/access", revision, folder).to(Source(file, 3))
    if url is not None:
        assert is_https(url) or len(url) > 2000
        assert urlsplit(url).path.startswith("/widget/access/blob/")
        assert (urlsplit(url).netloc, urlsplit(url).query, urlsplit(url).fragment) == ("github.com", "", "L3")

"""Where a report's reader finds the rest: a manifest's line in the forge's web pages, and the whole report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from reconciler.report.words import HIDDEN

if TYPE_CHECKING:
    from reconciler.core.model import Source

GITHUB = "/blob/{revision}/{path}#L{line}"
LONGEST = 2000
_FORGES = (
    ("gitlab", "/-/blob/{revision}/{path}#L{line}"),
    ("bitbucket.org", "/src/{revision}/{path}#lines-{line}"),
    (
        "dev.azure.com",
        "?path=/{path}&version=GC{revision}&line={line}&lineEnd={line}&lineStartColumn=1&lineEndColumn=999",
    ),
)


@dataclass(frozen=True, slots=True)
class Links:
    """What places and the whole report are linked to.

    `pattern`: a repository's https URL, or one with `{revision}`, `{path}` and `{line}` for a forge that is not known
    by its host; "" for no links. `folder`: the manifests folder's path inside the repository. `artifact`: URL or words
    that say where the whole report is.
    """

    pattern: str = ""
    revision: str = ""
    folder: str = ""
    artifact: str = ""

    def to(self, source: Source | None, revision: str | None = None) -> str | None:
        """The URL of a place (at another revision than the usual one); None where there is none to be trusted."""
        revision = revision or self.revision
        if source is None or source.file == HIDDEN or not revision or not is_https(self.pattern):
            return None
        parts = [*(part for part in self.folder.split("/") if part), *source.file.split("/")]
        if any(part in ("", ".", "..") for part in parts):
            return None
        path = "/".join(quote(part, safe="", errors="replace") for part in parts)
        values = {"{revision}": quote(revision, safe="", errors="replace"), "{path}": path, "{line}": str(source.line)}
        url = _pattern(self.pattern)
        for name, value in values.items():
            url = url.replace(name, value)
        return url


def is_https(url: str) -> bool:
    """Whether a text is an https URL without user, blanks, or anything that could end it."""
    try:
        parsed = urlsplit(url)
        return (
            len(url) <= LONGEST
            and parsed.scheme == "https"
            and bool(parsed.hostname)
            and "@" not in parsed.netloc
            and url.isascii()
            and url.isprintable()
            and not set(url) & set(" \"'<>`|()[]\\^")
        )
    except ValueError:
        return False


def _pattern(repository: str) -> str:
    if "{path}" in repository:
        return repository
    repository = repository.removesuffix("/").removesuffix(".git")
    host = urlsplit(repository).hostname or ""
    return repository + next((ending for name, ending in _FORGES if name in host), GITHUB)

"""Options that say where a report's places and the whole report are to be found on the web."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from reconciler.report.links import Links

_Command = TypeVar("_Command", bound="Callable[..., int]")
_OPTIONS = (
    click.option(
        "--repository-url",
        metavar="URL",
        help="markdown, html: link places to this repository; or a pattern with {revision}, {path} and {line}"
        " (default: as the pipeline says).",
    ),
    click.option("--revision", metavar="COMMIT", help="The commit to link places in (default: the pipeline's)."),
    click.option(
        "--repository-path", metavar="PATH", help="The manifests folder in the repository (default: from git)."
    ),
    click.option(
        "--artifact-url", metavar="URL", help="Where the whole report is, URL or words (default: the pipeline's run)."
    ),
)


class Places(NamedTuple):
    """Where the manifests are, and what their places are linked to; None in formats without links."""

    manifests: Path
    links: Links | None = None


def link_options(command: _Command) -> _Command:
    """All of these options; `places_for` takes what they were set to."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def places_for(folder: Path, output_format: str, chosen: Mapping[str, object]) -> Places:
    """What the options and the pipeline say, for formats that have links. Raises UsageError for a URL that is none."""
    from reconciler.cli.machine_formats import seen_from_root
    from reconciler.cli.options import PAGES
    from reconciler.report.links import Links, is_https
    from reconciler.settings import repository, run_link

    if output_format not in PAGES:
        return Places(folder)
    given = {name: value for name, value in chosen.items() if isinstance(value, str)}
    url = given.get("repository_url")
    if url is not None and not is_https(url):
        raise click.UsageError(f"--repository-url is no https URL that can be linked to: {url!r}")
    pattern, revision = repository(url, given.get("revision"))
    path = given.get("repository_path", seen_from_root(folder))
    return Places(folder, Links(pattern, revision, path, given.get("artifact_url") or run_link() or ""))

"""`reconciler import-entra`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import ManifestError, OperatorError, Problem

if TYPE_CHECKING:
    from reconciler.cli.console import Console
    from reconciler.entra.importing import Finding, Imported


@click.command(
    epilog="Example: reconciler import-entra schema.json --out manifests/mapping.yaml. Exit codes: 0 written, even if"
    " some of it cannot be carried over; 1 nothing was written."
)
@click.argument("schema", type=click.Path(dir_okay=False, path_type=Path), metavar="SCHEMA.json")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write instead of stdout.")
@click.option("--force", is_flag=True, help="Overwrite that file where it exists.")
@click.pass_obj
def command(console: Console, /, schema: Path, out: Path | None, **chosen: bool) -> int:
    """Turn Entra ID's attribute mappings and scoping filters (synchronizationSchema) into Mapping documents.

    What cannot be carried over is told with its line and the reason, here and as comments in what is written.
    """
    if out and out.exists() and not chosen["force"]:
        raise OperatorError(f"{out} exists already", hint="name another file, or overwrite it with --force")
    imported = _import(schema)
    if out:
        _write(imported.text, out)
    else:
        console.out(imported.text)
    _tell(console, imported, schema)
    if out:
        console.say(f"written to {out}; see what it does with: reconciler validate {out.parent}")
    return 0


def _import(schema: Path) -> Imported:
    from reconciler.entra.importing import NothingImported, import_schema
    from reconciler.entra.places import MAX_BYTES, SchemaProblem

    try:
        with schema.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return import_schema(data, check_document)
    except OSError as error:
        raise OperatorError(f"{schema} cannot be read: {error.strerror}") from error
    except SchemaProblem as problem:
        notes = problem.notes if isinstance(problem, NothingImported) else ()
        problems = [Problem(str(schema), note.line, 1, f"{note.about}: {note.text}") for note in notes]
        raise ManifestError([Problem(str(schema), problem.line, problem.column, str(problem)), *problems]) from None


def check_document(text: str) -> list[Finding]:
    """What the project's own reader and checks say of a Mapping document."""
    from reconciler.entra.importing import Finding
    from reconciler.manifests.mappings import Around, build_mapping
    from reconciler.manifests.read import time_zones
    from reconciler.manifests.yaml_reader import read_yaml

    (document,) = read_yaml(text)
    result = build_mapping(document, Around(time_zones, frozenset(("any.example",))))  # type: ignore[arg-type]
    wrong = [Finding(each.path, each.message) for each in result.findings]
    return [*wrong, *(Finding(each.path, each.message, is_warning=True) for each in result.warnings)]


def _write(text: str, path: Path) -> None:
    """Whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OperatorError(f"{path} cannot be written: {error.strerror}") from error


def _tell(console: Console, imported: Imported, schema: Path) -> None:
    """The count, then every note: those of what is not carried over even where it is to be quiet."""
    from reconciler.report.words import safe

    console.say(f"{imported.carried} of {imported.total} attribute mappings carried over")
    for note in imported.notes:
        line = safe(f"{schema}:{note.line}: {note.about}: {note.text}")
        if note.lost:
            console.warn(f"not carried over: {line}")
        else:
            console.say(line)

"""Whole exports: each `cases/NAME.json` comes to the document `NAME.yaml` and the notes `NAME.notes`."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.import_entra import check_document
from reconciler.entra.importing import import_schema
from reconciler.manifests.read import read_manifests

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, tmp_path: Path) -> None:
    imported = import_schema(case.read_bytes(), check_document)
    notes = [f"{'lost' if note.lost else 'told'} {note}" for note in imported.notes]
    told = "\n".join([f"{imported.carried} of {imported.total}", *notes, ""])
    assert imported.text == case.with_suffix(".yaml").read_text(encoding="utf-8")
    assert told == case.with_suffix(".notes").read_text(encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(imported.text, encoding="utf-8")
    read_manifests(tmp_path)

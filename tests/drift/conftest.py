from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.drift.world import World
from tests.services import service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="world")
def _world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    with service() as (sandbox, url):
        yield World(tmp_path, sandbox, url, capsys)

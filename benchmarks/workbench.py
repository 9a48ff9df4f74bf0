"""Where measurements are made: generated files, loopback servers, and what was measured already in this run."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks import manifests, organisation
from benchmarks.manifests import UNREACHABLE, Shape, write_tenant
from benchmarks.measure import ROOT, Command, Pairs, run_child, run_rounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.organisation import Organisation

Measured = TypeVar("Measured")
PYTHON = sys.executable
RECONCILER = str(Path(sys.executable).with_name("reconciler"))
MARK = "generated-by"


@dataclass(frozen=True, slots=True)
class Server:
    """A loopback server that is running."""

    endpoint: str

    def requests(self) -> dict[str, int]:
        """How many requests it had so far, by method and path."""
        with urllib.request.urlopen(self.endpoint.removesuffix("/scim/v2") + "/requests") as answer:
            counts: dict[str, int] = json.load(answer)
        return counts


@dataclass(slots=True)
class Workbench:
    """One run's tools. `rounds` and `budget` (seconds) limit how often one thing is measured."""

    folder: Path
    rounds: int = 5
    budget: float = 20.0
    _stack: ExitStack = field(default_factory=ExitStack)
    _measured: dict[str, object] = field(default_factory=dict)
    _servers: dict[str, Server] = field(default_factory=dict)

    def close(self) -> None:
        """Stop all servers."""
        self._servers.clear()
        self._stack.close()

    def once(self, name: str, measure: Callable[[], Measured]) -> Measured:
        """What `measure` gives; several rows may tell different things about one measurement."""
        if name not in self._measured:
            self._measured[name] = measure()
        found: Measured = self._measured[name]  # type: ignore[assignment]
        return found

    def manifests(self, company: Organisation, shape: Shape = "one") -> Path:
        """The organisation's manifests, generated unless an earlier run did."""
        folder = self.folder / f"{company.name}-{shape}"
        generator = _generator_digest()
        if not _is_marked(folder, generator):
            shutil.rmtree(folder, ignore_errors=True)
            arguments = [str(folder / "manifests"), shape, *map(str, astuple(company))]
            self.run([PYTHON, "-m", "benchmarks.manifests", *arguments])
            (folder / MARK).write_text(generator, encoding="utf-8")
        return folder / "manifests"

    def run(self, words: list[str]) -> None:
        """Run a child that is not measured."""
        run_child(self.command(words, "preparation"))

    def command(self, words: list[str], name: str, prepare: Callable[[], None] = lambda: None) -> Command:
        """A child whose standard output is kept under this name."""
        return Command(words, self.output(name), prepare)

    def output(self, name: str) -> Path:
        """A file that takes what a child says."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{name}.output"

    def rounds_of(self, product: Command, floor: Command | None = None, rounds: int | None = None) -> Pairs:
        """Measure in turn."""
        return run_rounds(product, floor, rounds or self.rounds, self.budget)

    def stages(self, words: list[str], name: str) -> dict[str, float]:
        """The product's stages by themselves: CPU seconds by name."""
        command = self.command([PYTHON, "-m", "benchmarks.stages", *words], f"stages-{name}")
        run_child(command)
        found: dict[str, float] = json.loads(command.output.read_bytes())
        return found

    def server(self, company: Organisation, latency: float = 0.0) -> Server:
        """A server with the organisation's live state; one at a time, so that memory is left for what is measured."""
        name = f"{company.name}-{latency}"
        if name not in self._servers:
            self.close()
            self._stack = ExitStack()
            self._servers[name] = self._stack.enter_context(_serving(company, latency))
        return self._servers[name]

    def connected(self, company: Organisation, latency: float = 0.0) -> tuple[Path, Server]:
        """Manifests in files of 100, whose tenant is a server with the matching live state."""
        folder, server = self.manifests(company, "hundreds"), self.server(company, latency)
        write_tenant(folder, server.endpoint)
        return folder, server

    def state(self, name: str) -> Path:
        """A state directory for the product; nothing in it yet, once `forget` has run."""
        return self.folder / f"{name}.state"

    def forget(self, name: str) -> None:
        """Empty a state directory."""
        shutil.rmtree(self.state(name), ignore_errors=True)


@contextmanager
def _serving(company: Organisation, latency: float) -> Iterator[Server]:
    words = [PYTHON, "-m", "benchmarks.server", *map(str, astuple(company)), "--latency", str(latency)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            endpoint = process.stdout.readline().strip() if process.stdout else ""
            yield Server(endpoint or UNREACHABLE)
        finally:
            process.terminate()


def _generator_digest() -> str:
    sources = [Path(str(module.__file__)).read_bytes() for module in (organisation, manifests)]
    return hashlib.sha256(b"".join(sources)).hexdigest()


def _is_marked(folder: Path, generator: str) -> bool:
    mark = folder / MARK
    return mark.exists() and mark.read_text(encoding="utf-8") == generator

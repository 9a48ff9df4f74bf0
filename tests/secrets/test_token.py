"""The token is nowhere but in the requests: everything that runs leave behind is searched for it.

The service here is the worst one: it says the token back in whatever way it can.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.services import service, write

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "tok/9f3b+71c0~5d2e=searched.everywhere"
FORMS = [
    form
    for text in (TOKEN, f"Bearer {TOKEN}")
    for form in (
        text.encode(),
        base64.b64encode(text.encode()).rstrip(b"="),
        quote(text, safe="").encode(),
        text.encode().hex().encode(),
        json.dumps(text).strip('"').encode(),
        text[:20].encode(),
        text[-20:].encode(),
        text.upper().encode(),
    )
]
ORGANISATION: dict[str, Any] = {
    "users": [{"userName": "ann@widget.example", "title": "Lead"}, {"userName": "bo@widget.example"}],
    "groups": [{"displayName": "Staff", "members": ["ann@widget.example"]}],
}
MAIN = "import sys; from reconciler.cli import main; sys.argv[0] = 'reconciler'; main()"
NO_COLOR = {"NO_COLOR": "1"}


def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, bytes]:
    """The command line in a process of its own: exit code, and all that it said."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "--state-dir", "state", *arguments],
        cwd=folder,
        env=os.environ | NO_COLOR | environment,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def found_in(data: bytes) -> list[bytes]:
    return [form for form in FORMS if form in data]


def search(folder: Path, but: Path) -> dict[str, list[bytes]]:
    """Every file below the folder that holds the token in some form; packed files are unpacked."""
    found: dict[str, list[bytes]] = {}
    for path in folder.rglob("*"):
        if path.is_file() and path != but:
            data = path.read_bytes()
            if path.suffix == ".gz":
                data += gzip.decompress(data)
            if found_in(data):
                found[str(path)] = found_in(data)
    return found


def process_list() -> bytes:
    """What anybody on this machine sees of all processes, where the system shows it as files."""
    lines = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines += path.read_bytes() + b"\n"
        except OSError:
            continue
    return lines


@contextmanager
def echoing_service() -> Iterator[tuple[str, list[bytes]]]:
    """Answers everything by saying the request's Authorization header back; and what the process list showed then."""
    seen: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        number = 0

        def answer(self) -> None:
            said = self.headers.get("Authorization", "nothing")
            seen.append(process_list())
            Handler.number += 1
            ways = [
                (400, "application/json", json.dumps({"message": said})),
                (500, "text/html", f"<html><body><h1>{said}</h1></body></html>"),
                (401, "application/scim+json", json.dumps({"detail": f"no such token: {said}", "scimType": said})),
                (302, "text/plain", said),
                (200, "application/json", f'{{"Resources": [], "said": {json.dumps(said)}, '),
                (400, "application/json", json.dumps({"message": said}).replace("/", r"\/")),
                (200, "text/plain", f"{said.upper()} or {said[: len(said) // 2]}"),
            ]
            status, kind, body = ways[Handler.number % len(ways)]
            self.send_response(status, f"because {said}")
            self.send_header("Content-Type", kind)
            self.send_header("Location", f"https://elsewhere.example/{quote(said)}")
            self.send_header("X-Said", said)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_arguments: object) -> None:
            return

    for method in ("GET", "POST", "PATCH"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/scim/v2", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


COMMANDS = [
    ("plan", "manifests", "--out", "plan.json"),
    ("plan", "manifests", "--format", "html"),
    ("apply", "manifests", "--plan", "plan.json"),
    ("apply", "manifests", "--yes"),
    ("drift", "manifests", "--format", "markdown"),
    ("explain", "ann@widget.example", "--manifests", "manifests"),
    ("check", "manifests"),
    ("import", "manifests", "--out", "imported"),
    ("history", "--format", "json"),
    ("show", "plan.json", "--format", "json"),
]
SOURCES: dict[str, dict[str, Any]] = {
    "env": {"env": "SECRET_TOKEN"},
    "file": {"file": "token.txt"},
    "command": {"command": [sys.executable, "-c", "print(open('token.txt').read())"]},
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_run_leaves_no_token_behind(tmp_path: Path, source: str) -> None:
    keeps = tmp_path / "token.txt"
    keeps.write_text(TOKEN, encoding="utf-8")
    with service(token=TOKEN) as (sandbox, url):
        write(tmp_path / "manifests", ORGANISATION, url, "4me", token=SOURCES[source])
        loud = ("-vv", "--log-bodies")
        ended = [run(tmp_path, *loud, *each, SECRET_TOKEN=TOKEN) for each in COMMANDS[:: 1 if source == "env" else 3]]
        assert sandbox.requests
    assert {code for code, _ in ended} == {0}
    assert [found_in(said) for _, said in ended if found_in(said)] == []
    assert search(tmp_path, keeps) == {}


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_service_that_says_it_back_is_not_repeated(tmp_path: Path, log_format: str) -> None:
    keeps = tmp_path / "token.txt"
    keeps.write_text(TOKEN, encoding="utf-8")
    with echoing_service() as (url, seen):
        write(tmp_path / "manifests", ORGANISATION, url, "4me", token={"file": "token.txt"})
        loud = ("-vv", "--log-bodies", "--log-format", log_format)
        commands = [each for each in COMMANDS if each[0] in {"plan", "check", "import"}]
        ended = [run(tmp_path, *loud, *each) for each in commands]
        wrong = run(tmp_path, *loud, "plan", "manifests", "--refresh", "full")
    assert {code for code, _ in (*ended, wrong)} == {1}
    assert [found_in(said) for _, said in (*ended, wrong) if found_in(said)] == []
    assert search(tmp_path, keeps) == {}
    assert seen
    assert [found_in(each) for each in seen if found_in(each)] == []


def test_a_command_runs_without_a_shell(tmp_path: Path) -> None:
    says = [
        sys.executable,
        "-c",
        "import sys; print('-'.join(sys.argv[1:]))",
        "$(touch made)",
        "`touch made`",
        ";touch made",
    ]
    write(tmp_path / "manifests", ORGANISATION, "http://127.0.0.1:9/scim/v2", "4me", token={"command": says})
    code, said = run(tmp_path, "plan", "manifests")
    assert (code, b"blanks or control characters" in said) == (1, True)
    assert not (tmp_path / "made").exists()

"""A plan file in strange hands: a change of a signed one is refused or changes nothing; all errors are expected."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from reconciler.approval import Terms, find_refusals
from reconciler.cli import run_command
from reconciler.cli.plan_files import LARGEST, load_plan, save_plan
from reconciler.core.plan_model import ActionKind, Change
from reconciler.errors import OperatorError
from reconciler.report.plan_json import parse_plan_json, plan_document, render_document
from reconciler.signing import load_signer
from tests.builders import TIME, action, group, plan, user

if TYPE_CHECKING:
    from pathlib import Path

PLAN = plan(
    action(ActionKind.UPDATE, user("ann"), Change("title", "Analist", "Überanalyst"), Change("x", 1.5, [True])),
    action(ActionKind.UPDATE, group("Desk"), remove=[user("ben")], line=7),
)
NOW = datetime.fromisoformat(TIME)


class Sealed:
    """A signed plan file, and what becomes of a changed copy."""

    def __init__(self, folder: Path) -> None:
        key = Ed25519PrivateKey.generate()
        self._folder = folder
        (folder / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "key.pub").write_bytes(public)
        save_plan(PLAN, folder / "plan.json", load_signer(folder / "key"))
        self.data = (folder / "plan.json").read_bytes()
        assert self.is_harmless(self.data)

    def is_harmless(self, data: bytes) -> bool:
        """Whether these bytes are refused, or mean what was signed."""
        try:
            found = parse_plan_json(data.decode())
        except (OperatorError, UnicodeDecodeError):
            return True
        refused = find_refusals(found, Terms(keys=(self._folder / "key.pub",)), self._folder, NOW)
        return bool(refused) or found.plan == PLAN


@pytest.fixture(name="sealed", scope="module")
def _sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return Sealed(tmp_path_factory.mktemp("sealed"))


def test_every_byte_counts(sealed: Sealed) -> None:
    data = sealed.data
    for place in range(len(data)):
        before, byte, after = data[:place], data[place], data[place + 1 :]
        for changed in (b"", bytes([byte ^ 1]), bytes([byte ^ 32]), b"0", b"\\", bytes([byte, byte])):
            assert sealed.is_harmless(before + changed + after), (place, changed)


@given(st.data())
def test_any_single_change_is_harmless(sealed: Sealed, data: st.DataObject) -> None:
    size = len(sealed.data)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, min(size, start + 40)))
    instead = data.draw(
        st.binary(max_size=8) | st.sampled_from([b"null", b"[]", b'"warnings": ["x"],', b"1e999", b"\\u0041"])
    )
    assert sealed.is_harmless(sealed.data[:start] + instead + sealed.data[end:])


def changed(**values: Any) -> str:
    return render_document(plan_document(PLAN) | values)


def nested(depth: int) -> str:
    return changed(actions=[]).replace(
        '"actions": []',
        f'"actions": [{json.dumps(plan_document(PLAN)["actions"][0])}]'.replace("[true]", "[" * depth + "]" * depth),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(b"", "not a saved plan: not JSON (Expecting value: line 1 column 1 (char 0))", id="empty"),
        pytest.param(b"\xff\xfe{\x00}\x00", "{path} is not a saved plan: it is not UTF-8 text", id="UTF-16"),
        pytest.param(b"[" * 200_000, "not a saved plan: nested too deeply", id="deep"),
        pytest.param(
            nested(65), "not a saved plan: actions.0.changes.1.after: nested too deeply", id="deeper than declared"
        ),
        pytest.param(nested(900), "not a saved plan: actions.0.changes.1.after: nested too deeply", id="too deep"),
        pytest.param(
            changed().replace('"warnings": []', '"warnings": [], "warnings": ["x"]'),
            "not a saved plan: not JSON (the key 'warnings' stands twice in one object)",
            id="a key twice",
        ),
        pytest.param(
            changed().replace('"before": 1.5', '"before": 1.5, "before": 2.5'),
            "not a saved plan: not JSON (the key 'before' stands twice in one object)",
            id="a key twice inside",
        ),
        *(
            pytest.param(
                changed().replace("1.5", number),
                f"not a saved plan: not JSON ({number} is no number of JSON)",
                id=number,
            )
            for number in ("NaN", "Infinity", "-Infinity", "1e999")
        ),
        pytest.param(changed().replace("1.5", "1" * 5000), None, id="a huge number"),
        pytest.param(changed(actions={"0": {}}), "not a saved plan: actions: input should be a valid list", id="a map"),
        pytest.param(changed(targets="ann"), "not a saved plan: targets: input should be a valid list", id="a text"),
        pytest.param(
            changed(signature={"algorithm": "none", "keyId": "", "value": ""}),
            "not a saved plan: signature.algorithm: input should be 'ed25519'",
            id="no algorithm",
        ),
        pytest.param(
            changed(formatVersion="1.1"),
            "the plan was made by a newer version of reconciler: it has format 1.1, this version reads 1.0",
            id="a newer minor version",
        ),
        pytest.param(
            '{"formatVersion": "2.0\\u001b"}',
            "the plan has format 2.0\\x1b, this version reads 1.0",
            id="a newer version",
        ),
    ],
)
def test_one_clear_error(
    text: str | bytes, message: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "t.yaml").write_text("kind: Tenant\nname: production\nendpoint: 'sandbox:'\n", encoding="utf-8")
    for arguments in (["show", str(path)], ["apply", str(tmp_path), "--plan", str(path)]):
        assert run_command(["--state-dir", str(tmp_path / "state"), *arguments]) == 1
        out, err = capsys.readouterr()
        told = err.splitlines()[0]
        assert (out, told.startswith("error: not a saved plan: not JSON (Exceeds the limit")) == ("", message is None)
        assert message is None or told == f"error: {message.format(path=path)}"
    assert not (tmp_path / "state").exists()


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OperatorError, match="it is no file"):
        save_plan(PLAN, pipe, None)
    assert pipe.is_fifo()


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(OperatorError) as caught:
        load_plan(path)
    assert caught.value.message == f"{path} is not read: it has more than 256 MiB"

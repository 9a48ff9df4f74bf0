"""Keys in files: every form that `openssl` and `ssh-keygen` write, several in one file, and what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from reconciler.errors import OperatorError
from reconciler.signing import load_signer, load_verify_keys

if TYPE_CHECKING:
    from pathlib import Path

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
CURVE = generate_private_key(SECP256R1())
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
OPENSSH = KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
LOCKED = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PUBLIC_OPENSSH = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" deploy@widget.example\n"
OTHER_PEM = OTHER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
OTHER_OPENSSH = OTHER.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
CURVE_PEM = CURVE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
CONTENT = b"a plan"


def file(folder: Path, data: bytes) -> Path:
    path = folder / "key"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("private", [PEM, OPENSSH], ids=["pem", "openssh"])
@pytest.mark.parametrize(
    "public",
    [
        PUBLIC_PEM,
        PUBLIC_PEM.replace(b"\n", b"\r\n"),
        PUBLIC_OPENSSH,
        OTHER_PEM + PUBLIC_PEM,
        OTHER_OPENSSH + b"\n\n# since November\n" + PUBLIC_OPENSSH,
        PUBLIC_OPENSSH + OTHER_PEM,
    ],
    ids=["pem", "crlf", "openssh", "two pems", "two lines", "both forms"],
)
def test_every_form_of_a_key(private: bytes, public: bytes, tmp_path: Path) -> None:
    signature = load_signer(file(tmp_path, private)).sign(CONTENT)
    keys = load_verify_keys(file(tmp_path, public))
    assert keys.find_fault(signature, CONTENT) is None
    assert keys.find_fault(signature, CONTENT + b".") is not None


def test_a_key_is_known_by_what_openssl_digests(tmp_path: Path) -> None:
    """`openssl pkey -pubin -in key -outform DER | sha256sum`; RFC 8032 makes signatures repeatable."""
    signature = load_signer(file(tmp_path, PEM)).sign(CONTENT)
    assert signature.key_id == "sha256:a050837d85070582ccf7394b0988847cc312cb88259b894899f6f239cf1791a5"
    assert signature == load_signer(file(tmp_path, OPENSSH)).sign(CONTENT)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "{path} holds no private key in PEM or OpenSSH form"),
        (b"\xff\x00", "{path} holds no private key in PEM or OpenSSH form"),
        (PUBLIC_PEM, "{path} holds no private key in PEM or OpenSSH form"),
        (LOCKED, "the private key in {path} has a passphrase: nobody is asked for it here"),
        (
            CURVE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "the key in {path} is no Ed25519 key",
        ),
    ],
    ids=["empty", "bytes", "public", "locked", "curve"],
)
def test_what_is_no_private_key(data: bytes, message: str, tmp_path: Path) -> None:
    path = file(tmp_path, data)
    with pytest.raises(OperatorError) as caught:
        load_signer(path)
    assert caught.value.message == message.format(path=path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "{path} holds no public key"),
        (b"# none yet\n", "{path} holds no public key"),
        (b"hello", "{path} holds no public key in PEM or OpenSSH form"),
        (PUBLIC_OPENSSH + b"ssh-ed25519 AAAA\n", "{path} holds no public key in PEM or OpenSSH form"),
        (PUBLIC_PEM.replace(b"M", b"N", 1), "{path} holds no public key in PEM or OpenSSH form"),
        (PUBLIC_PEM + PEM, "{path} holds a private key, where the public one is meant"),
        (OPENSSH, "{path} holds a private key, where the public one is meant"),
        (PUBLIC_PEM + CURVE_PEM, "a key in {path} is no Ed25519 key"),
    ],
    ids=["empty", "comment", "text", "half a line", "broken", "private", "private openssh", "curve"],
)
def test_what_is_no_public_key(data: bytes, message: str, tmp_path: Path) -> None:
    path = file(tmp_path, data)
    with pytest.raises(OperatorError) as caught:
        load_verify_keys(path)
    assert caught.value.message == message.format(path=path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for load in (load_signer, load_verify_keys):
        with pytest.raises(OperatorError, match=r"the key file .* cannot be read: No such file or directory"):
            load(tmp_path / "none")

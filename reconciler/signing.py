"""Ed25519 keys in files, and signatures made and checked with them. Reads the key files that it is given.

Private keys: PEM (PKCS #8, `openssl genpkey -algorithm ed25519`) or OpenSSH, without a passphrase. Public keys: PEM
(SubjectPublicKeyInfo) or OpenSSH lines; one file may hold several, so that keys can be changed.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.core.signature import Signature
from reconciler.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LARGEST = 1 << 20
"""Bytes of a key file."""
_PUBLIC_KEY = re.compile(rb"-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----|^[^#\s-][^\r\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key."""

    key: Ed25519PrivateKey

    def sign(self, content: bytes) -> Signature:
        """The signature of these bytes."""
        return Signature(_key_id(self.key.public_key()), b64encode(self.key.sign(content)).decode())


@dataclass(frozen=True, slots=True)
class VerifyKeys:
    """The public keys of a file, by id."""

    path: Path
    keys: Mapping[str, Ed25519PublicKey]

    def find_fault(self, signature: Signature | None, content: bytes) -> str | None:
        """Why none of these keys vouches for these bytes; None where one does."""
        from cryptography.exceptions import InvalidSignature

        if signature is None:
            return f"it is not signed, and a key of {self.path} has to vouch for it"
        key = self.keys.get(signature.key_id)
        if key is None:
            return f"it is signed with the key {signature.key_id}, which is not in {self.path}"
        try:
            key.verify(b64decode(signature.value), content)
        except InvalidSignature:
            return f"its signature does not hold: it is not what was signed with the key {signature.key_id}"
        return None


def load_signer(path: Path) -> Signer:
    """The private key of a file. Raises OperatorError, which never shows the key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    data = _read(path)
    load = load_ssh_private_key if b"BEGIN OPENSSH PRIVATE KEY" in data else load_pem_private_key
    key = _loaded(partial(load, data, None), path, "private key", "make one with: openssl genpkey -algorithm ed25519")
    if not isinstance(key, Ed25519PrivateKey):
        raise OperatorError(f"the key in {path} is no Ed25519 key", hint="openssl genpkey -algorithm ed25519")
    return Signer(key)


def load_verify_keys(path: Path) -> VerifyKeys:
    """The public keys of a file. Raises OperatorError where there is none, or one that is no Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key

    data = _read(path)
    hint = "take it from the private key with: openssl pkey -pubout"
    if b"PRIVATE KEY" in data:
        raise OperatorError(f"{path} holds a private key, where the public one is meant", hint=hint)
    keys: dict[str, Ed25519PublicKey] = {}
    for found in _PUBLIC_KEY.findall(data):
        load = load_pem_public_key if found.startswith(b"-") else load_ssh_public_key
        key = _loaded(partial(load, found), path, "public key", hint)
        if not isinstance(key, Ed25519PublicKey):
            raise OperatorError(f"a key in {path} is no Ed25519 key", hint="openssl genpkey -algorithm ed25519")
        keys[_key_id(key)] = key
    if not keys:
        raise OperatorError(f"{path} holds no public key", hint=hint)
    return VerifyKeys(path, keys)


def _key_id(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return f"sha256:{sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()}"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        raise OperatorError(f"the key file {path} cannot be read: {error.strerror}") from error


def _loaded(load: Callable[[], object], path: Path, what: str, hint: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load()
    except TypeError:
        message = f"the {what} in {path} has a passphrase: nobody is asked for it here"
        raise OperatorError(message, hint="take it off: openssl pkey, ssh-keygen -p; keep the file a secret") from None
    except (ValueError, UnsupportedAlgorithm):
        raise OperatorError(f"{path} holds no {what} in PEM or OpenSSH form", hint=hint) from None

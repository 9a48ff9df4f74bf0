"""What a signature of a plan covers: DSSE's pre-authentication encoding (DSSE v1) of the plan written canonically."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.core.digest import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "ed25519"
PAYLOAD_TYPE = b"application/vnd.reconciler.plan+json"


class Signature(NamedTuple):
    """An Ed25519 signature (RFC 8032), base64. `key_id`: `sha256:<hex>` of the public key's SubjectPublicKeyInfo."""

    key_id: str
    value: str


def signed_bytes(content: Mapping[str, object]) -> bytes:
    """`content` with its type and its length, so that a signature of it can be taken for nothing else."""
    payload = canonical(content)
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE, len(payload), payload)

"""JSON as text that may be shown."""

from __future__ import annotations

import json
import re

_STEERING = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]|#(?=#(?:vso)?\\[)", re.IGNORECASE
)


def json_text(value: object) -> str:
    """The value as JSON; what could steer a terminal or a pipeline, and half characters, are escaped (RFC 8259 §7)."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

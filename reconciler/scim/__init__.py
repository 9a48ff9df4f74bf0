"""SCIM over HTTP: transport, wire format, dialects, reading and writing. The only room that knows httpx."""

import sys

# httpx loads its own command line (click, pygments, rich: a third of its time) where it can, and does without where not
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

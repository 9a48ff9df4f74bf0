"""How much a manifest may hold, so that no file can use up the machine."""

MAX_BYTES = 64 * 1024 * 1024
MAX_TOTAL = 1 << 30
"""Bytes of all manifests of a folder; a million users take a quarter of it."""
MAX_DEPTH = 64
MAX_DIGITS = 18
MAX_ALIASED_NODES = 1_000_000

"""How the C library keeps memory. Touches this process's allocator, and only where it is glibc's."""

from __future__ import annotations

import sys

_ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""


def share_memory() -> None:
    """All threads take memory from one pool.

    glibc gives each thread a pool of its own, which keeps what one large answer took: with eight threads a group of
    50,000 members raised the peak by 570 bytes a member, with one pool by 480. Threads of Python hardly allocate at the
    same time anyway.
    """
    if sys.platform == "linux":
        import ctypes

        set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries for Linux have no such thing
        if set_option:
            set_option(_ARENA_MAX, 1)

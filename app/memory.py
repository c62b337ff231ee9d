"""Keep the heap of a process that runs for months from growing.

glibc maps large blocks apart and gives them back when they are freed, but each time it does so it raises the size that
counts as large, up to 32 MB. From then on the buffers of connections and answers lie in the heap between small things
that stay, and more and more of it is free and of no use: a megabyte a minute where connections come and go.

Source:
    mallopt(3): setting the threshold ends its adjustment.
"""

import ctypes
import gc
from typing import Final

_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 65_536


def map_large_blocks() -> bool:
    """Let blocks of 64 KiB and more be mapped, now and later; tell whether the C library could be told (glibc)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_MMAP_THRESHOLD, _LARGE_BYTES) == 1


def spare_the_collector() -> None:
    """Let the garbage collector pass over what lives as long as the process, and come by less often.

    Requests leave almost no cycles, and a pass over every live object costs each of them a few per cent.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)

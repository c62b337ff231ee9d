"""Large blocks go back to the system, however many have come and gone."""

import platform
import subprocess
import sys

import pytest

COUNT = """
import ctypes
from app.memory import map_large_blocks

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Info
if {told}:
    assert map_large_blocks()
for _ in range(3):
    before = mallinfo().hblkhd
    block = bytearray(4 << 20)
    mapped = mallinfo().hblkhd - before
    del block
print(mapped >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="It is about glibc.")
@pytest.mark.parametrize(("told", "mapped"), [(False, "0"), (True, "4")])
def test_a_large_block_is_mapped_after_others_were_freed(*, told: bool, mapped: str) -> None:
    """Untold, glibc takes the second one from its heap: the reason for the module."""
    command = [sys.executable, "-c", COUNT.format(told=told)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    assert said.stdout.strip() == mapped

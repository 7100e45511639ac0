"""What Windows libraries have in place of a C runtime, compiled for this system: copies, fills, and the probe of large frames."""

from __future__ import annotations

import ctypes
import platform
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.native.sources import HERE

CC = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
pytestmark = [
    pytest.mark.skipif(
        CC is None, reason="a C compiler is missing and cannot be had: no package of PyPI for this system"
    ),
    pytest.mark.skipif(
        platform.machine().lower() not in ("x86_64", "amd64") or platform.system() != "Linux",
        reason="the instructions of x86-64 on Linux are missing and cannot be had: another system",
    ),
]
PROBED = r"""
#include <stdint.h>
/* Registers before and after a probe of `bytes`, from a frame that lies so far above the end of the stack. */
int64_t probed(int64_t bytes, int64_t seen[2]);
int64_t probed(int64_t bytes, int64_t seen[2]) {
  register int64_t size __asm__("rax") = bytes;
  register int64_t kept __asm__("rcx") = 1234567;
  __asm__ volatile("call ___chkstk_ms" : "+r"(size), "+r"(kept) : : "memory");
  seen[0] = size, seen[1] = kept;
  return 0;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runtime")
    (folder / "probed.c").write_text(PROBED)
    made = folder / "runtime.so"
    names = (
        "-DND_ENTRY",
        "-D__stdcall=",
        "-Dmemcpy=own_memcpy",
        "-Dmemset=own_memset",
        "-fno-builtin",
        "-mno-red-zone",
    )
    words = [CC, "-std=gnu11", "-O2", "-fPIC", "-shared", *names, f"-I{HERE}"]
    done = subprocess.run(
        [*words, str(HERE / "processor.c"), str(folder / "probed.c"), "-o", str(made)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = ctypes.CDLL(str(made))
    for name in ("own_memcpy", "own_memset"):
        getattr(found, name).restype = ctypes.c_void_p
    return found


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 20))
def test_bytes_are_copied_and_no_others(library, content, beyond):
    to = ctypes.create_string_buffer(b"." * (len(content) + beyond), len(content) + beyond)
    place = library.own_memcpy(to, content, ctypes.c_size_t(len(content)))
    assert place == ctypes.addressof(to)
    assert to.raw == content + b"." * beyond


@settings(max_examples=50, deadline=None)
@given(st.integers(-1, 255), st.integers(0, 300), st.integers(0, 20))
def test_bytes_are_filled_and_no_others(library, value, count, beyond):
    to = ctypes.create_string_buffer(b"." * (count + beyond), count + beyond)
    place = library.own_memset(to, ctypes.c_int(value), ctypes.c_size_t(count))
    assert place == ctypes.addressof(to)
    assert to.raw == bytes([value & 255]) * count + b"." * beyond


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 100_000])
def test_a_probe_of_a_frame_changes_no_register(library, size):
    seen = (ctypes.c_int64 * 2)()
    library.probed(ctypes.c_int64(size), seen)
    assert list(seen) == [size, 1234567]

"""Compressed bodies: what they become, and what they may become."""

from __future__ import annotations

import gzip
import zlib

import pytest

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.serve.protocol.compression import LEAST_BYTES, accepted_encoding, deflated, inflated

PLAIN = b"events " * 1000


def code(*arguments):
    with pytest.raises(DiagnosticError) as caught:
        inflated(*arguments)
    return caught.value.diagnostics[0].code


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZIP ", "x-gzip"])
def test_bodies_come_back(encoding):
    packed = zlib.compress(PLAIN) if encoding == "deflate" else gzip.compress(PLAIN)
    assert inflated(packed, encoding, len(PLAIN)) == PLAIN


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_replies_are_what_other_programs_read(encoding):
    packed = deflated(PLAIN, encoding)
    assert (gzip.decompress(packed) if encoding == "gzip" else zlib.decompress(packed)) == PLAIN


def test_bodies_without_compression_are_left_alone():
    assert inflated(PLAIN, "", 1) is PLAIN
    assert inflated(PLAIN, "identity", 1) is PLAIN


def test_a_bomb_ends_at_the_limit():
    assert code(gzip.compress(bytes(10_000_000)), "gzip", 9_999_999) == "ND913"


@pytest.mark.parametrize(
    "packed",
    [b"", b"x", gzip.compress(PLAIN, mtime=0)[:-1], gzip.compress(PLAIN, mtime=0) + b"x", zlib.compress(PLAIN), PLAIN],
)
def test_damaged_bodies(packed):
    assert code(packed, "gzip", 10**6) == "ND912"


def test_another_encoding():
    assert code(PLAIN, "br", 10**6) == "ND927"
    assert code(PLAIN, "gzip, gzip", 10**6) == "ND927"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("br;q=1, gzip;q=0.5", "gzip"),
        ("gzip;q=0, deflate", "deflate"),
        ("gzip; Q=0.000", ""),
        ("br", ""),
        ("", ""),
    ],
)
def test_what_a_client_accepts(header, expected):
    assert accepted_encoding(header, LEAST_BYTES) == expected
    assert accepted_encoding(header, LEAST_BYTES - 1) == ""

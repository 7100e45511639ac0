"""Compressed bodies. What a client sends never becomes more bytes than the server allows."""

from __future__ import annotations

import zlib

from neurodeploy.diagnostics import DiagnosticError, about, finding

__all__ = ["ENCODINGS", "LEAST_BYTES", "accepted_encoding", "deflated", "inflated"]

ENCODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""Content-Encoding -> form for zlib."""
LEAST_BYTES = 16 << 10
"""Bytes from which a reply is compressed for a client that accepts it; smaller ones take longer with it."""
LEVEL = 1


def inflated(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """Return the plain bytes of a body.

    `encoding`: the header Content-Encoding, or "". `most_bytes`: bytes that it may become. Raises DiagnosticError: ND927 (another
    encoding), ND912 (damaged), ND913 (too large).
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ENCODINGS:
        message = f"header Content-Encoding is '{name[:60]}'; needs gzip, deflate or none"
        raise DiagnosticError("serve", (finding("ND927", about("request"), message),))
    inflater = zlib.decompressobj(ENCODINGS[name])
    try:
        plain = inflater.decompress(body, most_bytes + 1)
    except zlib.error as error:
        raise _damaged(name, str(error)) from None
    if len(plain) > most_bytes:
        message = f"becomes more than {most_bytes:,} bytes when it is decompressed"
        raise DiagnosticError("serve", (finding("ND913", about("request"), message),))
    if not inflater.eof:
        raise _damaged(name, "it ends early")
    if inflater.unused_data:
        raise _damaged(name, "bytes follow its end")
    return plain


def _damaged(name: str, reason: str) -> DiagnosticError:
    return DiagnosticError("serve", (finding("ND912", about("request"), f"body is not {name}: {reason}"),))


def accepted_encoding(header: str, n_bytes: int) -> str:
    """Return the Content-Encoding of a reply of `n_bytes`: gzip or deflate if the client accepts it and it pays, else "".

    `header`: Accept-Encoding of the request.
    """
    if n_bytes < LEAST_BYTES or not header:
        return ""
    offers = [part.split(";") for part in header.lower().split(",")]
    refused = ("q=0", "q=0.0", "q=0.00", "q=0.000")
    names = {words[0].strip() for words in offers if not any(word.strip() in refused for word in words[1:])}
    return next((name for name in ("gzip", "deflate") if name in names), "")


def deflated(body: bytes, encoding: str) -> bytes:
    """Return a body compressed for "gzip" or "deflate"."""
    deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, ENCODINGS[encoding])
    return deflater.compress(body) + deflater.flush()

"""Readers of what a page embeds, written apart from the code that writes it."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np


def unpacked(text):
    """Numbers of base64 LEB128, byte by byte."""
    found, value, shift = [], 0, 0
    for byte in base64.b64decode(text):
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            found.append(value)
            value, shift = 0, 0
    assert shift == 0
    return found


def pixels_of(uri):
    """(height, width) indices, palette and opacities of a PNG with four bits a pixel and no filter."""
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        chunks[kind], at = body, at + 12 + length
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour, rest) == (4, 3, [0, 0, 0])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype=np.uint8).reshape(height, -1)
    assert (lines[:, 0] == 0).all()
    nibbles = np.stack([lines[:, 1:] >> 4, lines[:, 1:] & 15], axis=2).reshape(height, -1)[:, :width]
    return nibbles, np.frombuffer(chunks[b"PLTE"], dtype=np.uint8).reshape(-1, 3), list(chunks[b"tRNS"])

"""Writers of event files, written from the descriptions of the formats and not from the readers.

Every writer takes rows (time in microseconds, column, row, polarity) in the order of their times, and returns the bytes.
"""

from __future__ import annotations

import struct

SIZE = (640, 480)
XML = (
    '<dv version="2.0"><node name="outInfo" path="/outInfo/"><node name="{number}" path="/outInfo/{number}/">'
    '<attr key="typeIdentifier" type="string">{kind}</attr><node name="info" path="/outInfo/{number}/info/">'
    '<attr key="sizeX" type="int">640</attr><attr key="sizeY" type="int">480</attr></node></node></node></dv>'
)


def bs1(rows):
    """Lines: the column of each row."""
    return b"".join(struct.pack(">H", x) + ((p << 23) | t).to_bytes(3, "big") for t, x, _, p in rows)


def bs2(rows):
    return b"".join(bytes([x, y]) + ((p << 23) | t).to_bytes(3, "big") for t, x, y, p in rows)


def bs3(rows):
    return b"".join(((x << 44) | (y << 32) | (p << 24) | t).to_bytes(7, "big") for t, x, y, p in rows)


def evt2(rows, header=b"% evt 2.0\n% geometry 640x480\n% end\n"):
    words, high = [], None
    for t, x, y, p in rows:
        if t >> 6 != high:
            high = t >> 6
            words.append((8 << 28) | (high & 0xFFFFFFF))
        words.append((p << 28) | ((t & 63) << 22) | (x << 11) | y)
    return header + struct.pack(f"<{len(words)}I", *words)


def evt21(rows, header=b"% evt 2.1\n% format EVT21;height=480;width=640\n% end\n"):
    words, high = [], None
    for t, x, y, p in rows:
        if t >> 6 != high:
            high = t >> 6
            words.append((8 << 60) | ((high & 0xFFFFFFF) << 32))
        words.append((p << 60) | ((t & 63) << 54) | ((x - x % 32) << 43) | (y << 32) | (1 << (x % 32)))
    return header + struct.pack(f"<{len(words)}Q", *words)


def evt3(rows, header=b"% evt 3.0\n% format EVT3;height=480;width=640\n% end\n"):
    """Single events; equal rows, times and words of time are not repeated."""
    words, kept = [], [None, None, None]
    for t, x, y, p in rows:
        parts = ((t >> 12) & 0xFFF, t & 0xFFF, y)
        for number, (kind, value) in enumerate(zip((0x8000, 0x6000, 0x0000), parts, strict=True)):
            if kept[number] != value:
                words.append(kind | value)
                kept[number] = value
                kept[number + 1 :] = [None] * (1 if number == 0 else 0) + kept[number + 1 + (number == 0) :]
        words.append(0x2000 | (p << 11) | x)
    return header + struct.pack(f"<{len(words)}H", *words)


def dat(rows):
    body = b"".join(struct.pack("<II", t & 0xFFFFFFFF, x | (y << 14) | (p << 28)) for t, x, y, p in rows)
    return b"% Data file containing CD events.\n% Version 2\n% Width 640\n% Height 480\n\x0c\x08" + body


def dat1(rows):
    body = b"".join(struct.pack("<II", t, x | (y << 9) | (p << 17)) for t, x, y, p in rows)
    return b"% Data file containing CD events.\n% Version 1\n\x00\x08" + body


def aedat2_dvs128(rows, header=b"#!AER-DAT2.0\r\n# HardwareInterface: DVS128\r\n"):
    body = (struct.pack(">II", (y << 8) | ((127 - x) << 1) | (1 - p), t & 0xFFFFFFFF) for t, x, y, p in rows)
    return header + b"".join(body)


def aedat2_davis(rows, width=346, chip=b"Davis346red", end=b"#End Of ASCII Header\r\n"):
    """Without `end`, an address that begins with the byte of "#" could be taken for text."""
    body = (struct.pack(">II", (y << 22) | ((width - 1 - x) << 12) | (p << 11), t) for t, x, y, p in rows)
    return b"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis." + chip + b"\r\n" + end + b"".join(body)


def aedat31(rows, each=3, valid=1):
    """Packets of up to `each` events, ahead of each a packet of special events that is not of pixels."""
    out = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DAVIS640\r\n#!END-HEADER\r\n"
    groups = {}
    for number, row in enumerate(rows):
        groups.setdefault((number // each, row[0] >> 31), []).append(row)
    for (_, overflow), group in groups.items():
        out += struct.pack("<HHIIIIII", 0, 1, 8, 4, overflow, 1, 1, 1) + struct.pack("<II", 3, 0)
        out += struct.pack("<HHIIIIII", 1, 1, 8, 4, overflow, len(group), len(group), len(group))
        out += b"".join(
            struct.pack("<II", (x << 17) | (y << 2) | (p << 1) | valid, t & 0x7FFFFFFF) for t, x, y, p in group
        )
    return out


def aedat4_head(compression, xml):
    """Line and flatbuffer: fields 0 (compression) and 2 (description) of the table are set."""
    text = xml.encode()
    body = struct.pack("<I5HIiI", 14, 10, 12, 4, 0, 8, 10, compression, 4)
    body += struct.pack("<I", len(text)) + text
    return b"#!AER-DAT4.0\r\n" + struct.pack("<I", len(body)) + body


def aedat4_packet(rows):
    """Flatbuffer with its size ahead: one table with one vector of events."""
    events = b"".join(struct.pack("<qhhb3x", t, x, y, p) for t, x, y, p in rows)
    body = struct.pack("<I4s3HxxiI", 16, b"EVTS", 6, 8, 4, 8, 4) + struct.pack("<I", len(rows)) + events
    return struct.pack("<I", len(body)) + body


def aedat4(rows, compression=0, each=3, kind="EVTS"):
    packers = {0: bytes, 1: _lz4, 2: _lz4, 3: _zstd, 4: _zstd}
    out = aedat4_head(compression, XML.format(number=0, kind=kind))
    for first in range(0, len(rows), each):
        packet = packers[compression](aedat4_packet(rows[first : first + each]))
        out += struct.pack("<II", 0, len(packet)) + packet
    return out


def _lz4(data):
    import lz4.frame

    return lz4.frame.compress(data)


def _zstd(data):
    import zstandard

    return zstandard.ZstdCompressor().compress(data)

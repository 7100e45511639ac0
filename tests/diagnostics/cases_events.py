"""Triggers of findings about recordings of event sensors."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from diagnostic_cases import net

from neurodeploy.network import Events
from neurodeploy.signals import EventOptions
from neurodeploy.simulate import load_stimulus
from neurodeploy.simulate.stimulus_files import read_events

EVENT = np.dtype([("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
XML = '<dv version="2.0"><node name="outInfo"><node name="0"><attr key="typeIdentifier">EVTS</attr></node></node></dv>'


def sensor():
    return net(n_in=(2, 4, 4), weights=np.ones((2, 32)), encoder=Events())


def recording(*events):
    np.save("ev.npy", np.array(list(events), dtype=EVENT))
    return Path("ev.npy")


def compressed(monkeypatch):
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    table = [10, 0, 12, 0, 4, 0, 0, 0, 8, 0]  # vtable: its size, the table's size, compression, no table, description
    body = (
        bytes([14, 0, 0, 0, *table, 10, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0])
        + len(XML).to_bytes(4, "little")
        + XML.encode()
    )
    Path("day.aedat4").write_bytes(b"#!AER-DAT4.0\r\n" + len(body).to_bytes(4, "little") + body)
    return read_events("day.aedat4")


def cut_off(_):
    words = np.array([0x8000, 0x6000, 5, 0x2007], dtype="<u2").tobytes()
    Path("day.raw").write_bytes(b"% evt 3.0\n% geometry 640x480\n% end\n" + words + b"\x01")
    return read_events("day.raw").findings


def frames_only(_):
    Path("day.raw").write_bytes(b"% evt 3.0\n% geometry 640x480\n% end\n")
    return read_events("day.raw")


def options(**fields):
    return EventOptions(downsample=1, **fields)


CASES = {
    "ND094": compressed,
    "ND095": lambda _: load_stimulus(recording((0, 1, 1, 0), (500, 6, 7, 1)), sensor(), options()),
    "ND096": lambda _: load_stimulus(recording((0, 1, 1, 0)), sensor(), options()).findings,
    "ND097": cut_off,
    "ND098": lambda _: load_stimulus(recording((0, 1, 1, 0)), sensor(), options(crop="center")),
    "ND099": frames_only,
    "ND556": lambda _: (
        load_stimulus(recording((0, 1, 1, 0), (500, 2, 1, 1)), sensor(), options(polarity="on")).findings
    ),
}

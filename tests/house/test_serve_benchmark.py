"""The benchmark of serving: requests are well-formed, a changed bit is noticed, and what it calls growth is growth."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_modules import FOLDER, importing, needs_benchmarks

pytestmark = needs_benchmarks


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[Any]:
    """What imports the modules of the folder."""
    with importing() as module:
        yield module


def parts(request: bytes) -> tuple[dict[str, str], bytes]:
    """The headers of a request, and its body."""
    head, _, body = request.partition(b"\r\n\r\n")
    return dict(line.split(": ") for line in head.decode().split("\r\n")[1:]), body


def test_requests_say_how_long_they_are(benchmarks: Any) -> None:
    load, values = benchmarks("serve_load"), np.arange(6, dtype=np.float32).reshape(2, 3) / 4
    headers, body = parts(load.json_request("net", {"inputs": [load.json_input("in", values, "FP32")]}))
    assert int(headers["Content-Length"]) == len(body)
    assert json.loads(body)["inputs"][0] == {
        "name": "in",
        "shape": [2, 3],
        "datatype": "FP32",
        "data": values.ravel().tolist(),
    }
    headers, body = parts(load.binary_request("net", "in", values, {"id": "a"}))
    cut = int(headers["Inference-Header-Content-Length"])
    tensor = json.loads(body[:cut])["inputs"][0]
    assert int(headers["Content-Length"]) == len(body)
    assert tensor["parameters"]["binary_data_size"] == len(body) - cut
    assert (np.frombuffer(body[cut:], "<f4").reshape(2, 3) == values).all()


def test_a_changed_bit_is_noticed(benchmarks: Any) -> None:
    cases, reply = benchmarks("serve_cases"), benchmarks("serve_load").Reply
    program, images = cases.digits()
    items = cases.asked([program, cases.drawn("poisson"), cases.drawn("spikes")], images, 12, seed=1)
    assert {item.program.network.name for item in items} == {"digits", "drawn_poisson", "drawn_spikes"}
    for item in items:
        wanted, outputs, content = cases.expected(item), [], b""
        for number, (name, array) in enumerate(wanted.items()):
            kind = "FP64" if array.dtype.kind == "f" else "INT64"
            plain = {"name": name, "datatype": kind, "shape": list(array.shape)}
            if number % 2:
                content += array.astype(cases.TYPES[kind]).tobytes()
                outputs.append({**plain, "parameters": {"binary_data_size": array.size * 8}})
            else:
                outputs.append({**plain, "data": array.ravel().tolist()})
        head = json.dumps({"outputs": outputs}).encode()
        assert cases.differs(item, reply(200, head + content, len(head))) == ""
        assert "status 503" in cases.differs(item, reply(503, b"{}", None))
        outputs[0]["data"][0] += 1
        head = json.dumps({"outputs": outputs}).encode()
        assert next(iter(wanted)) in cases.differs(item, reply(200, head + content, len(head)))


def test_growth_is_measured_per_million_requests(benchmarks: Any) -> None:
    soak = benchmarks("serve_soak")
    samples = [soak.Sample(n * 1000, 80 << 20, 14, 7, 0.0, 0.0) for n in range(41)]
    assert soak._slope(samples, {}, "", True).values["slope_mib"] == pytest.approx(0, abs=1e-9)
    grown = [item._replace(rss_bytes=item.rss_bytes + item.requests * 10) for item in samples]
    assert soak._slope(grown, {}, "", True).values["slope_mib"] == pytest.approx(1e7 / 2**20, rel=1e-6)
    assert soak._slope(samples, {}, "", True).good
    leaking = [*samples[:-1], samples[-1]._replace(files=20)]
    assert not soak._slope(leaking, {}, "", True).good


@pytest.mark.slow
def test_replies_to_many_clients_are_those_of_a_run(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(FOLDER / "serve.py"),
        "--quick",
        "--only",
        "bits",
        "--json",
        str(tmp_path / "out.json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (figure,) = json.loads((tmp_path / "out.json").read_text())["bits"]
    assert (figure["requests"], figure["differ"]) == (640, 0)

"""Programs and requests of the serving benchmark: the digits, an event camera, and networks whose spikes are drawn."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from serve_load import Reply, binary_request, json_input, json_request

import neurodeploy as nd
from neurodeploy.simulate.decode import scores

ROOT = Path(__file__).resolve().parent.parent
DIGITS = ROOT / "examples" / "digits"
TYPES = {"INT64": "<i8", "FP64": "<f8", "INT32": "<i4", "FP32": "<f4"}


def digits() -> tuple[nd.Program, NDArray[np.float32]]:
    """Return the program of the digits, and 360 images that were held back, (360, 64) in [0, 1]."""
    program = nd.compile(nd.load(DIGITS / "digits.nd.json"), target="loihi1")
    with np.load(DIGITS / "digits.stimulus.npz") as file:
        return program, file["inputs"].astype(np.float32)


def drawn(encoder: str, seed: int = 3) -> nd.Program:
    """Return a network of one layer; `encoder`: "poisson", whose spikes depend on the seed, or "spikes", which takes event rows."""
    weights = np.random.default_rng(seed).normal(0.04, 0.1, (48, 64))
    network = nd.Network(
        name=f"drawn_{encoder}",
        time=nd.Time(dt_s=1e-3, steps_per_sample=24),
        inputs=[nd.Input(name="pixels", shape=64, encoder=encoder)],
        populations=[nd.Population(name="hidden", shape=48, neuron=nd.Lif(tau_m_s=0.02, r=20, v_threshold=1))],
        projections=[nd.dense("pixels", "hidden", weights), nd.one_to_one("hidden", "hidden", -0.5, delay_steps=2)],
        outputs=[nd.Output(name="answer", source="hidden")],
    )
    return nd.compile(network, target="loihi1")


def event_camera(recordings: int) -> tuple[nd.Program, NDArray[np.int32]]:
    """Return the network of examples/event_cnn, and the events of recordings that follow each other: rows of step (from 1) and line."""
    folder = ROOT / "examples" / "event_cnn"
    sys.path.insert(0, str(folder))
    try:
        from event_cnn import SACCADE_US, SIDE, events
    finally:
        sys.path.remove(str(folder))
    program = nd.compile(nd.load(folder / "event_cnn.nir"), target="loihi1")
    rows, _ = events(recordings, 2)
    sample, t_us, x, y, p = rows.T
    step = (sample * 3 * SACCADE_US + t_us) // 2000 + 1
    return program, np.stack([step, (p * SIDE + y) * SIDE + x], axis=1).astype(np.int32)


def sparse_camera(steps: int, seed: int = 5) -> tuple[nd.Program, NDArray[np.int32]]:
    """Return a network of 34 x 34 pixels of two polarities, 256 neurons and 10, and 100 events at random in each step."""
    rng = np.random.default_rng(seed)
    inner, outer = rng.normal(0.02, 0.1, (256, 34 * 34 * 2)), rng.normal(0.05, 0.2, (10, 256))
    neuron = nd.Lif(tau_m_s=0.01, r=10, v_threshold=1)
    network = nd.Network(
        name="sparse_camera",
        time=nd.Time(dt_s=1e-3),
        inputs=[nd.Input(name="camera", shape=(2, 34, 34))],
        populations=[nd.Population(name=name, shape=n, neuron=neuron) for name, n in (("hidden", 256), ("out", 10))],
        projections=[nd.dense("camera", "hidden", inner), nd.dense("hidden", "out", outer)],
        outputs=[nd.Output(name="answer", source="out")],
    )
    lines = rng.integers(34 * 34 * 2, size=(steps, 100))
    step = np.repeat(np.arange(1, steps + 1), 100)
    return nd.compile(network, target="loihi1"), np.stack([step, lines.ravel()], axis=1).astype(np.int32)


# --- requests whose replies are compared


class Query(NamedTuple):
    """A request, and what nd.run gives for it."""

    program: nd.Program
    request: bytes
    samples: dict[str, NDArray[Any]]
    options: dict[str, Any]
    n_samples: int | None
    outputs: tuple[str, ...]


def asked(programs: Sequence[nd.Program], images: NDArray[np.float32], n: int, seed: int) -> list[Query]:
    """Return requests of random programs, samples, steps, seeds, outputs and forms."""
    rng = np.random.default_rng(seed)
    return [_asked(programs[int(rng.integers(len(programs)))], images, rng) for _ in range(n)]


def _asked(program: nd.Program, images: NDArray[np.float32], rng: np.random.Generator) -> Query:
    n_samples, network = int(rng.integers(1, 6)), program.network
    names = [network.outputs[0].name, f"{network.outputs[0].name}.scores", "hidden.counts"]
    outputs = tuple(name for name in names if rng.random() < 0.7) or (names[0],)
    options: dict[str, Any] = {"steps": int(rng.choice([4, 8, 16, 32])), "seed": int(rng.integers(1 << 20))}
    plain: dict[str, Any] = {"parameters": dict(options), "outputs": [{"name": name} for name in outputs]}
    if network.inputs[0].encoder.kind == "spikes":
        raster = rng.random((n_samples, options["steps"], 64)) < 0.1
        sample, step, line = np.nonzero(raster)
        rows = np.stack([sample, step + 1, line], axis=1).astype(np.int32)
        plain["parameters"]["samples"] = n_samples
        plain["inputs"] = [json_input("pixels", rows, "INT32")]
        return Query(program, json_request(network.name, plain), {"pixels": rows}, options, n_samples, outputs)
    values = images[rng.integers(len(images), size=n_samples)]
    if rng.random() < 0.5:
        for item in plain["outputs"]:
            item["parameters"] = {"binary_data": bool(rng.random() < 0.5)}
        return Query(
            program,
            binary_request(network.name, "pixels", values, plain),
            {"pixels": values},
            options,
            n_samples,
            outputs,
        )
    plain["inputs"] = [json_input("pixels", values, "FP32")]
    return Query(program, json_request(network.name, plain), {"pixels": values}, options, n_samples, outputs)


def expected(item: Query) -> dict[str, NDArray[Any]]:
    """Return what nd.run gives for a request: output -> array."""
    network = item.program.network
    samples = nd.SampleValues(values=item.samples, n_samples=item.n_samples)
    recording = nd.run(item.program, samples, **item.options)
    given = scores(network, recording)
    assert given is not None, "internal: the networks have an output"
    made = {network.outputs[0].name: given.argmax(axis=1).astype(np.int64), f"{network.outputs[0].name}.scores": given}
    made["hidden.counts"] = recording.spike_counts("hidden", network.population_by_name["hidden"].size)
    return {name: made[name] for name in item.outputs}


def found(reply: Reply) -> dict[str, NDArray[Any]]:
    """Return the tensors of a reply; raises ValueError or KeyError if it is malformed."""
    plain = json.loads(reply.body[: reply.head_bytes])
    at, tensors = reply.head_bytes or 0, dict[str, NDArray[Any]]()
    for item in plain["outputs"]:
        size = item.get("parameters", {}).get("binary_data_size")
        kind = TYPES[item["datatype"]]
        if size is None:
            tensors[item["name"]] = np.array(item["data"], kind).reshape(item["shape"])
        else:
            tensors[item["name"]] = np.frombuffer(reply.body[at : at + size], kind).reshape(item["shape"])
            at += size
    return tensors


def differs(item: Query, reply: Reply) -> str:
    """Return what differs from nd.run; empty: no bit."""
    if reply.status != 200:
        return f"status {reply.status}: {reply.body[:200]!r}"
    wanted, got = expected(item), found(reply)
    if list(got) != list(wanted):
        return f"outputs {', '.join(got)} in place of {', '.join(wanted)}"
    for name, array in wanted.items():
        if got[name].shape != array.shape or not (got[name] == array).all():
            return f"output '{name}' of {item.program.network.name}"
    return ""

"""Sound programs of every kind as sealed files, opened and sealed again with hashes that are right."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from typing import Any, NamedTuple

import numpy as np

import neurodeploy as nd
from neurodeploy.base.noun import array_sha256, canonical_json, json_digest
from neurodeploy.conformance.corpus import corpus
from neurodeploy.conformance.judge import program_of
from neurodeploy.hardware import load_target
from neurodeploy.io.archive import sealed_bytes
from neurodeploy.mapping import Mapping, emit_program, place
from neurodeploy.monitor import calibrated
from neurodeploy.network import Current, WeightFormat
from neurodeploy.quantize import quantize
from neurodeploy.simulate import Stimulus, seal_golden

SHOWN = 5
"""Steps for which a stimulus is shown."""
FORMAT = "neurodeploy-program"


class Sealed(NamedTuple):
    """The content of a program file."""

    document: Any
    tensors: dict[str, np.ndarray]


# --- programs to begin with

IN_DIALECTS = {
    "loihi1": (
        *("sparse", "conv2d_stride_padding", "chain", "delay_synapse", "loop_of_two", "parallel_projections"),
        *("weights_inhibitory", "weights_4_bits", "registers_by_neuron", "refractory_by_neuron", "reset_subtract"),
        *("reset_periodic", "noise", "noise_at_current", "limit_voltage_registers", "lif_bias", "cuba_li"),
    ),
    "loihi2": (
        *("dense", "conv2d_groups", "sum_pool", "delay_target", "autapse", "weights_shift_with_delays", "ternary"),
        *("sigma_delta_cumulative", "sigma_delta_exponents", "delta_exponents", "sigma", "relu_both_signs", "product"),
        *("resonate_fire", "resonate_izhikevich", "resonate_zero", "adaptive_lif_periodic_reset", "values_into_cuba"),
    ),
    "nengo": ("overflow_accumulator", "noise"),
    "brian2loihi": ("delay_longest", "recurrent", "one_to_one"),
}
"""Dialect -> cases of the conformance corpus that begin as programs in it."""


def _several_cores() -> nd.Program:
    """Delays, recurrence and a second population over five cores of three chips."""
    style = WeightFormat(weight_bits=8, exponent=1, sign_mode="mixed")
    rng = np.random.default_rng(4)
    network = nd.Network(
        name="spread",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=6),),
        populations=tuple(
            nd.Population(name=name, shape=size, neuron=nd.LoihiCuba(du=900, dv=150, vth_mant=60, refractory_steps=1))
            for name, size in (("a", 9), ("b", 7))
        ),
        projections=(
            nd.dense("in", "a", rng.integers(-60, 90, (9, 6)) * 2, weight_format=style),
            nd.sparse("a", "b", rng.integers(-9, 90, (7, 9)) * 2, weight_format=style, delay_steps=2),
            nd.sparse("b", "a", rng.integers(-60, 90, (9, 7)) * 2, weight_format=style, delay_steps=1),
        ),
    )
    target = load_target("loihi1").model_copy(update={"board": "wolf_mountain"})
    cores = {"a": np.arange(9) % 5, "b": np.array([0, 0, 4, 4, 4, 2, 1])}
    mapping = Mapping(quantized=quantize(network, target), target=target, n_cores=5, core_of=cores)
    return emit_program(place(mapping, seed=3))


@cache
def seeds() -> dict[str, bytes]:
    """Name -> the sealed file of a sound program."""
    cases, found = {case.name: case for case in corpus()}, dict[str, bytes]()
    for dialect, names in IN_DIALECTS.items():
        for name in names:
            program = program_of(cases[name], dialect)
            if name in ("dense", "product", "sparse"):
                program = seal_golden(program, stimulus_of(program.network, 1))
                program = calibrated(program, stimulus_of(program.network, 3))
            found[f"{name} {dialect}"] = sealed_bytes(program, FORMAT)
    found["several cores"] = sealed_bytes(_several_cores(), FORMAT)
    return found


def unsealed(content: bytes) -> Sealed:
    """The document and the tensors of a sealed file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        document = json.loads(archive.read("document.json"))
        keys = json.loads(archive.read("seal.json"))["tensors"]
        return Sealed(document, {key: np.load(io.BytesIO(archive.read(f"tensors/{key}.npy"))) for key in keys})


opened = cache(unsealed)


def resealed(sealed: Sealed) -> bytes:
    """A file whose hashes are right, whatever it holds."""
    table = {
        key: {
            "dtype": array.dtype.newbyteorder("<").str,
            "shape": list(array.shape),
            "bytes": int(array.nbytes),
            "sha256": array_sha256(array),
        }
        for key, array in sorted(sealed.tensors.items())
    }
    try:
        digest = json_digest({"document": sealed.document, "tensors": table})
        text = canonical_json(sealed.document)
    except ValueError:  # NaN has no canonical text
        digest, text = "", json.dumps(sealed.document)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("document.json", text)
        archive.writestr("seal.json", canonical_json({"format": FORMAT, "digest": digest, "tensors": table}))
        for key, array in sealed.tensors.items():
            with archive.open(f"tensors/{key}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()


def stimulus_of(network: nd.Network, seed: int, samples: int = 1) -> Stimulus:
    """Spikes, rasters and values on all inputs of a network."""
    rng, given = np.random.default_rng(seed), {"spikes": {}, "rasters": {}, "currents": {}}
    for number, item in enumerate(network.inputs):
        raster = rng.random((samples, SHOWN, item.size)) < 0.5
        if isinstance(item.encoder, Current):
            given["currents"][item.name] = raster * rng.integers(-90, 90, raster.shape) / rng.choice([1, 4])
        elif number % 2:
            given["rasters"][item.name] = raster.astype(np.uint8)
        else:
            given["spikes"][item.name] = (np.argwhere(raster) + [0, 1, 0]).astype(np.int32)
    return Stimulus(n_samples=samples, n_steps=SHOWN, **given)

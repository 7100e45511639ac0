"""Programs that are sealed again: tables, fields and targets that contradict each other, with hashes that are right.

`use` holds what is loaded against rules of its own: what passes runs, and what runs is one that could have been compiled.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
from mutate import INTEGERS, reseal, spoil_bytes, spoil_sealed, unsealed

import neurodeploy as nd
from neurodeploy.network import Conv2d, Product, ResonateFire, SigmaDelta
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.program import load_program, save_program
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.synapse_tables import synapse_tables_of
from neurodeploy.resources import core_limits
from neurodeploy.simulate import RunOptions, Stimulus, seal_golden

STEPS = 6


def plain() -> nd.Network:
    return nd.Network(
        name="plain",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="lines", shape=3), nd.Input(name="level", shape=2, encoder="current")),
        populations=(
            nd.Population(
                name="first", shape=4, neuron=nd.CubaLif(tau_m_s=0.01, tau_syn_s=0.005, v_threshold=1, bias=0.1)
            ),
            nd.Population(name="read", shape=2, neuron=nd.Li(tau_m_s=0.02)),
            nd.Population(
                name="chip", shape=3, neuron=nd.LoihiCuba(du=4095, dv=[0, 1, 2], vth_mant=3, refractory_steps=2)
            ),
        ),
        projections=(
            nd.dense("lines", "first", np.arange(12).reshape(4, 3) / 8),
            nd.dense("level", "first", np.ones((4, 2))),
            nd.sparse("first", "chip", np.eye(3, 4) * 6, delay_steps=2),
            nd.dense("first", "read", np.ones((2, 4)) / 3),
            nd.one_to_one("chip", "chip", -2.0, delay_steps=1, name="fatigue"),
        ),
        outputs=(nd.Output(name="answer", source="chip"),),
        probes=(nd.Probe(name="v", target="first", variable="v"),),
    )


def shared() -> nd.Network:
    weights = np.arange(-9, 9).reshape(2, 1, 3, 3) / 9
    return nd.Network(
        name="shared",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="lines", shape=(1, 6, 6)),),
        populations=(
            nd.Population(name="maps", shape=(2, 4, 4), neuron=nd.If(v_threshold=1)),
            nd.Population(name="more", shape=(2, 2, 2), neuron=nd.Lif(tau_m_s=0.02, v_threshold=1)),
        ),
        projections=(
            nd.Projection(
                name="see", source="lines", target="maps", operation=Conv2d(input_shape=(1, 6, 6), weights=weights)
            ),
            nd.Projection(
                name="again",
                source="maps",
                target="more",
                operation=Conv2d(input_shape=(2, 4, 4), weights=np.ones((2, 2, 3, 3)) / 9),
            ),
        ),
        outputs=(nd.Output(name="answer", source="more"),),
    )


def valued() -> nd.Network:
    return nd.Network(
        name="valued",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="lines", shape=2),),
        populations=(
            nd.Population(name="sigma", shape=2, neuron=SigmaDelta(threshold=4)),
            nd.Population(name="spin", shape=2, neuron=ResonateFire(sin_decay=100, cos_decay=4000, threshold=9)),
            nd.Population(name="times", shape=2, neuron=Product(threshold=1)),
        ),
        projections=(
            nd.dense("lines", "sigma", np.array([[20, 4], [2, 30]])),
            nd.dense("sigma", "spin", np.array([[2, 4], [2, 6]])),
            nd.dense("sigma", "spin", np.array([[2, 4], [2, 6]]), port="b", name="other"),
            nd.one_to_one("sigma", "times", 2),
            nd.one_to_one("sigma", "times", 2, port="b", name="times_b"),
        ),
        outputs=(nd.Output(name="answer", source="times"),),
    )


def shown(network: nd.Network, steps: int = 3) -> Stimulus:
    """Spikes on every line in every step, values of 1."""
    spikes, currents = {}, {}
    for item in network.inputs:
        if item.encoder.kind == "current":
            currents[item.name] = np.ones((1, steps, item.size))
        else:
            rows = np.argwhere(np.ones((1, steps, item.size), dtype=bool)) + np.array([0, 1, 0])
            spikes[item.name] = rows.astype(np.int32)
    return Stimulus(n_samples=1, n_steps=steps, spikes=spikes, currents=currents)


def make(folder: Path) -> None:
    for network, target in ((plain(), "loihi1"), (shared(), "loihi1"), (valued(), "loihi2")):
        program = nd.compile(network, target)
        save_program(seal_golden(program, shown(network)), folder / f"{network.name}.ndp")


def spoil_columns(path: Path, dice) -> None:
    """Change one to three numbers of the tables, within their types, and seal again."""
    format_name, document, tensors = unsealed(path)
    names = [
        name for name in sorted(tensors) if name.startswith(("tables/", "inputs/", "golden/")) and tensors[name].size
    ]
    for _ in range(dice.choice((1, 1, 2, 3))):
        name = dice.choice(names)
        array = np.array(tensors[name])
        flat = array.reshape(-1)
        at, held = dice.randrange(flat.size), np.iinfo(array.dtype) if array.dtype.kind in "iu" else None
        if held is None:
            flat[at] = dice.choice((0.0, 1e30, -1.0))
        else:
            near = int(flat[at]) + dice.choice((-2, -1, 1, 2, 64))
            far = dice.choice([value for value in (*INTEGERS, held.min, held.max) if held.min <= value <= held.max])
            other = int(flat[dice.randrange(flat.size)])
            value = dice.choice((near, far, other))
            flat[at] = min(max(value, held.min), held.max)
        tensors[name] = array
    reseal(path, format_name, document, tensors)


def spoil_pair(path: Path, dice) -> None:
    """Take a part of the document, or some tensors, from another program."""
    other = dice.choice([item for item in sorted(path.parent.glob("*.ndp")) if item != path])
    format_name, document, tensors = unsealed(path)
    _, foreign, others = unsealed(other)
    part = dice.choice(sorted(document))
    document[part] = foreign[part]
    tensors = {**tensors, **{key: value for key, value in others.items() if key.startswith(part)}}
    reseal(path, format_name, document, tensors)


def mutate(folder: Path, dice) -> None:
    path = dice.choice(sorted(folder.glob("*.ndp")))
    how = dice.random()
    if how < 0.02:
        spoil_bytes(path, dice)
    elif how < 0.5:
        spoil_columns(path, dice)
    elif how < 0.53:
        spoil_pair(path, dice)
    else:
        spoil_sealed(path, dice)
    for other in folder.glob("*.ndp"):
        if other != path:
            other.unlink()


def use(folder: Path) -> None:
    for path in sorted(folder.glob("*.ndp")):
        program = load_program(path)
        recording = nd.run(program, shown(program.network), until=STEPS, options=RunOptions(threads=1))
        require_possible(program)
        for name, rows in recording.spikes.items():
            size = program.network.population_by_name[name].size
            assert not rows.size or ((rows >= (0, 1, 0)).all() and (rows < (1, STEPS + 1, size)).all())


def require_possible(program) -> None:
    """What the program's network, quantized for its target, could be."""
    tables, target = program.tables, program.target
    limits, used = core_limits(target), use_of_program(program)
    for name, values in used.items():
        assert int(values.max(initial=0)) <= limits[name].value, f"{name} over its limit"
    assert sorted(zip(tables.population.tolist(), tables.neuron.tolist(), strict=True)) == [
        (index, k) for index, item in enumerate(program.network.populations) for k in range(item.size)
    ]
    network = program.network
    synapses = {item.name: synapses_of(item, network.source_size(item.source)) for item in network.projections}
    there = {name: set(zip(s.pre.tolist(), s.post.tolist(), strict=True)) for name, s in synapses.items()}
    seen: dict[str, int] = {}
    for wire in synapse_tables_of(program):
        real = wire.mantissas != 0
        pairs = list(zip(wire.pre[real].tolist(), wire.post[real].tolist(), strict=True))
        assert len(set(pairs)) == len(pairs), "a synapse twice"
        assert len(set(pairs) - there[wire.projection]) <= REWIRED, "synapses that the network lacks"
        seen[wire.projection] = seen.get(wire.projection, 0) + len(pairs)
    for name, count in seen.items():
        assert count <= len(there[name]) + REWIRED, f"more synapses of '{name}' than the network has"


REWIRED = 0


def sealed_document(path: Path):
    """The document of a sealed archive, for those who look at a kept try."""
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("document.json"))

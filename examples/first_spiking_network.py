"""A first spiking network: three lamps, three encoders, three neurons that compete, and a raster of all spikes.

    python examples/first_spiking_network.py

An encoder turns a number into spikes. `rate` spikes at even distances, more often for larger numbers; `poisson` at random,
as often on average; `latency` once, earlier for larger numbers. A neuron adds up the weights of spikes that reach it in its
voltage v, which leaks; above the threshold it spikes, and v starts again at 0. Each neuron here is excited by one lamp and
inhibits the two others a step later, so the brightest lamp silences the rest, until inhibition has leaked away. Where matplotlib
is installed, the same raster is written to `raster.svg`.
"""

import numpy as np

import neurodeploy as nd

ENCODERS = ("rate", "poisson", "latency")
LAMPS = (0.3, 0.6, 0.9)
STEPS = 48


def competition() -> nd.Network:
    """Return the network: three encodings of three lamps, each onto three neurons of its own."""
    inhibits = -1.5 * (1 - np.eye(3))
    return nd.Network(
        name="competition",
        time=nd.Time(dt_s=1e-3, steps_per_sample=STEPS),
        inputs=[nd.Input(name=kind, shape=3, encoder=kind) for kind in ENCODERS],
        populations=[
            nd.Population(name=f"{kind}_cells", shape=3, neuron=nd.Lif(tau_m_s=0.02, r=20, v_threshold=1))
            for kind in ENCODERS
        ],
        projections=[
            *(nd.one_to_one(kind, f"{kind}_cells", 0.4 if kind != "latency" else 1.5) for kind in ENCODERS),
            *(nd.dense(f"{kind}_cells", f"{kind}_cells", inhibits) for kind in ENCODERS),
        ],
        outputs=[nd.Output(name="brightest", source="rate_cells")],
    )


def rows_of(recording: nd.Recording) -> list[tuple[str, np.ndarray]]:
    """Return the label and the steps of the spikes of every input line and neuron."""
    found: list[tuple[str, np.ndarray]] = []
    for kind in ENCODERS:
        for spikes, word in (recording.input_spikes[kind], "lamp"), (recording.spikes[f"{kind}_cells"], "neuron"):
            found += [(f"{kind:8}{word} {LAMPS[k]}", spikes[spikes[:, 2] == k, 1]) for k in range(3)]
    return found


def draw(program: nd.Program, recording: nd.Recording) -> str:
    """Write the raster as a picture where matplotlib is installed, and return where it is or how to get one."""
    order = [name for kind in ENCODERS for name in (kind, f"{kind}_cells")]
    try:
        nd.plot.raster(program, recording, populations=order).figure.savefig("raster.svg")
    except nd.DiagnosticError as error:
        return f"there is no picture: {error}"
    return "the picture is raster.svg"


def main() -> None:
    network = competition()
    program = nd.compile(network, target="loihi1")
    recording = nd.run(program, dict.fromkeys(ENCODERS, np.array([LAMPS])), seed=1)
    rows = rows_of(recording)
    for place, (label, steps) in enumerate(rows):
        marks = "".join("|" if step in steps else "." for step in range(1, STEPS + 1))
        print(f"{'' if place % 3 else chr(10)}{label:20} {marks} {len(steps):2}")

    cost = nd.profile(program, recording)
    energy = 1e9 * cost.energy_per_inference.value
    print(f"\n{cost.cores} core, {energy:.0f} nJ for {STEPS} steps (modelled); {draw(program, recording)}")
    spikes = [len(steps) for label, steps in rows if "neuron" in label and "rate" in label]
    assert spikes[2] > 5 * max(spikes[:2]), "the brightest lamp silences the others"


if __name__ == "__main__":
    main()

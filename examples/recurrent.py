"""A ring that remembers: one spike starts a pulse that runs around 20 neurons until it is stopped.

    python examples/recurrent.py

Each neuron excites the next one a step later; the connection from the last back to the first takes 3 more steps. One lap
is therefore 20 + 3 = 23 steps. The ring is spread over several cores of the `tiny` test chip; the pulse does not depend on
where its neurons lie.
"""

import numpy as np

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions
from neurodeploy.simulate import SampleValues, encode

N, DETOUR_STEPS, N_STEPS = 20, 3, 100
START, STOP = 1, 60
LAP = N + DETOUR_STEPS


def ring() -> nd.Network:
    """Return the network. Line 0 of `control` excites neuron 0; line 1 inhibits all neurons in the step it arrives."""
    control = np.zeros((N, 2))
    control[0, 0], control[:, 1] = 1, -1
    next_one = np.roll(np.eye(N), 1, axis=0)
    delays = np.zeros(N, dtype=int)
    delays[-1] = DETOUR_STEPS
    return nd.Network(
        name="ring",
        time=nd.Time(dt_s=1e-3),
        inputs=[nd.Input(name="control", shape=2)],
        populations=[nd.Population(name="ring", shape=N, neuron=nd.If(v_threshold=0.5, v_floor=0))],
        projections=[
            nd.dense("control", "ring", control),
            nd.sparse("ring", "ring", next_one, delay_steps=delays, delay_axis="synapse"),
        ],
        outputs=[nd.Output(name="pulse", source="ring")],
    )


def main() -> None:
    network = ring()
    control = np.zeros((1, N_STEPS, 2))
    control[0, START - 1, 0] = control[0, STOP - 1, 1] = 1
    stimulus = encode(network, SampleValues(values={"control": control}))

    pulses = []
    for seed in (0, 1):
        program = nd.compile(network, "tiny", options=CompileOptions(placement_seed=seed))
        pulses.append(nd.run(program, stimulus).spikes["ring"])
        print(f"placement {seed}: cores {program.tables.core_id.tolist()}, {len(pulses[-1])} spikes")
    assert np.array_equal(*pulses)

    # neuron k spikes in step START + 1 + k of the first lap; the pulse ends in step STOP + 1
    expected = [(t, (t - START - 1) % LAP) for t in range(START + 1, STOP + 1) if (t - START - 1) % LAP < N]
    assert [(step, neuron) for _, step, neuron in pulses[0].tolist()] == expected
    print(f"one lap takes {LAP} steps; the pulse ran from step {START + 1} to step {expected[-1][0]}")


if __name__ == "__main__":
    main()

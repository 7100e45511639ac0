"""Two neurons that count: one spikes at every third input spike, the other at every second spike of the first.

    python examples/two_neurons.py

It is small enough to follow by hand. An input spike of step t arrives in step t + 1; `a` adds 1 to its voltage and spikes
above 2, at the 3rd arrival; `b` spikes above 1, at the 2nd spike of `a`.
"""

import numpy as np

import neurodeploy as nd
from neurodeploy.simulate import SampleValues, encode

N_STEPS = 12


def main() -> None:
    network = nd.Network(
        name="divider",
        time=nd.Time(dt_s=1e-3),
        inputs=[nd.Input(name="clock", shape=1)],
        populations=[
            nd.Population(name="a", shape=1, neuron=nd.If(v_threshold=2)),
            nd.Population(name="b", shape=1, neuron=nd.If(v_threshold=1)),
        ],
        projections=[nd.dense("clock", "a", [[1.0]]), nd.dense("a", "b", [[1.0]])],
        outputs=[nd.Output(name="sixth", source="b")],
    )
    program = nd.compile(network, target="loihi1")

    every_step = SampleValues(values={"clock": np.ones((1, N_STEPS, 1))})
    recording = nd.run(program, encode(network, every_step))
    steps_a = recording.spikes["a"][:, 1].tolist()
    steps_b = recording.spikes["b"][:, 1].tolist()
    print(f"clock spikes in steps 1..{N_STEPS}; a spikes in steps {steps_a}, b in steps {steps_b}")

    # spikes arrive at `a` in steps 2..13; the 3rd, 6th, 9th and 12th in steps 4, 7, 10 and 13; at `b` one step later
    assert steps_a == [4, 7, 10, 13]
    assert steps_b == [8, 14]


if __name__ == "__main__":
    main()

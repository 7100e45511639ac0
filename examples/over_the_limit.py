"""A network that does not fit: read why, apply the computed fix, and compile it again.

    python examples/over_the_limit.py

`tiny` is a test chip with 4 cores of 16 words of synapse memory. Ten inputs to a core take ten words if one word holds the
weights of all its neurons: 7 weights of 8 bits, or more than 8 of 4 bits. Thirty neurons are two more than 4 * 7.
"""

import numpy as np

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import render_all

N_INPUTS, N_NEURONS = 10, 30


def main() -> None:
    rng = np.random.default_rng(1)
    network = nd.Network(
        name="wide",
        time=nd.Time(dt_s=1e-3),
        inputs=[nd.Input(name="sensor", shape=N_INPUTS)],
        populations=[nd.Population(name="wide", shape=N_NEURONS, neuron=nd.Lif(tau_m_s=0.01, v_threshold=1))],
        projections=[nd.dense("sensor", "wide", rng.normal(0, 4, (N_NEURONS, N_INPUTS)))],
        outputs=[nd.Output(name="loudest", source="wide")],
    )
    tiny = nd.load_target("tiny")

    refused = compile_network(network, tiny)
    print(f"verdict: {refused.verdict}\n\n{render_all(refused.findings)}\n")
    assert refused.program is None

    fixes = [fix for finding in refused.findings for fix in finding.fixes if "weight_bits" in fix.change]
    print(f"apply: {fixes[0].text}")
    accepted = compile_network(network, tiny, CompileOptions.model_validate(fixes[0].change))
    program = accepted.require()
    print(f"verdict: {accepted.verdict}, on {accepted.n_cores} cores")

    assert program.tables.n_cores == 4
    # the fix has a price: 4-bit weights are coarse, and the ledger holds the error
    lines = [line for line in accepted.ledger if str(line.subject) == "projection 'sensor_to_wide'"]
    print("\n".join(f"  {line.subject} {line.quantity}: asked {line.asked}, got {line.got}" for line in lines))
    assert lines


if __name__ == "__main__":
    main()

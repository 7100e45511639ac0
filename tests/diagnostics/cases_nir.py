"""Triggers of findings about NIR import options and about the frameworks that write NIR files."""

from __future__ import annotations

from diagnostic_cases import PORTS, lif_file, net, nir

from neurodeploy.importers import ImportOptions, load
from neurodeploy.network.files import save_network

IF = {"r": [1.0], "v_threshold": [1.0]}
LI = {"tau": [0.01], "r": [1.0], "v_leak": [0.0]}


def settled():
    save_network(net(), "net.nd.json")
    load("net.nd.json", ImportOptions(reset="zero", dt_s=0.5))


CASES = {
    "ND054": lambda _: settled(),
    "ND055": lambda _: lif_file(ImportOptions(dt_s=1e-3, producer="rockpool"), tau=[0.02]).findings,
    "ND056": lambda _: (
        nir(
            {**PORTS, "1_LIFTorch": ("IF", IF)},
            [("input", "1_LIFTorch"), ("1_LIFTorch", "output")],
            options=ImportOptions(dt_s=1e-3, reset="zero"),
        ).findings
    ),
    "ND070": lambda _: nir(
        {**PORTS, "slow": ("LI", LI), "fc": ("Linear", {"weight": [[0.5]]}), "cell": ("IF", IF)},
        [("input", "slow"), ("slow", "fc"), ("fc", "cell"), ("cell", "output")],
    ),
    "ND071": lambda _: (
        nir(
            {**PORTS, "fc": ("Affine", {"weight": [[0.5]], "bias": [0.25]}), "cell": ("IF", IF)},
            [("input", "fc"), ("fc", "cell"), ("cell", "output")],
        ).findings
    ),
    "ND073": lambda _: (
        nir(
            {**PORTS, "fc": ("Affine", {"weight": [[0.5]], "bias": [0.25]}), "wait": ("Delay", {"delay": [3e-4]})}
            | {"cell": ("IF", IF)},
            [("input", "fc"), ("fc", "wait"), ("wait", "cell"), ("cell", "output")],
        ).findings
    ),
    "ND072": lambda _: nir({"cell": ("IF", IF)}, []).findings,
}

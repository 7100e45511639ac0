"""The smallest trigger of every code that has no file of its own, and the builders that all triggers share.

Each trigger runs in an empty current folder and returns findings or raises them.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import h5py
import numpy as np
from factories import network_of, with_limits

import neurodeploy as nd
from neurodeploy.check import dialect_verdict, domain_findings
from neurodeploy.check.backend_support import dialect_refusals
from neurodeploy.cli import inputs as cli_inputs
from neurodeploy.cli.option_types import by_name, whole
from neurodeploy.cli.output import internal_error_finding
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.conformance import Judgement, conformance_findings
from neurodeploy.conformance.template import write_template
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.native import library
from neurodeploy.network import WeightFormat
from neurodeploy.network.files import save_network
from neurodeploy.profile import (
    COMPILATION_FIGURES,
    budget_findings,
    compilation_measures,
    profile,
    profile_findings,
    read_budgets,
)
from neurodeploy.simulate import (
    RunOptions,
    SampleValues,
    Stimulus,
    compare_findings,
    encode,
    get_backend,
    seal_golden,
    stop_findings,
    verify_program,
)
from neurodeploy.simulate.registry import broken
from neurodeploy.simulate.run import _recording_faults
from neurodeploy.simulate.run_warnings import run_findings
from neurodeploy.worker import BoardPackage, Environment, Limits, Script, install, package_missing, run_job


def net(n_in=2, size=2, neuron=None, weights=None, populations=None, projections=None, encoder="spikes", **fields):
    """`n_in` lines onto `size` neurons, with an output; every part can be given."""
    neuron = neuron or nd.Lif(tau_m_s=0.02, v_threshold=1.0)
    if projections is None:
        projections = (nd.dense("in", "cells", np.ones((size, n_in)) if weights is None else weights),)
    return network_of(
        populations or (nd.Population(name="cells", shape=size, neuron=neuron),),
        projections,
        inputs=(nd.Input(name="in", shape=n_in, encoder=encoder),),
        outputs=fields.pop("outputs", "cells"),
        **fields,
    )


def cells(name="cells", size=2, **fields):
    return nd.Population(name=name, shape=size, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0, **fields))


def integer(**fields):
    return nd.LoihiCuba(**{"du": 4095, "dv": 0, "vth_mant": 10, **fields})


def compiled(network, target="tiny", **options):
    chip = load_target(target) if isinstance(target, str) else target
    return compile_network(network, chip, CompileOptions(**options)).findings


def limited(name, value):
    return with_limits(load_target("tiny"), **{name: value})


def nir(nodes, edges, version="0.2.0", options=None, **lif):
    """Write a NIR file: nodes name -> (type, fields)."""
    with h5py.File("net.nir", "w") as file:
        file["version"] = version
        node = file.create_group("node")
        node["type"] = "NIRGraph"
        node["edges"] = np.array(edges, dtype=object).astype("S") if edges else np.zeros((0, 2), dtype="S1")
        for name, (kind, fields) in nodes.items():
            group = node.create_group(f"nodes/{name}")
            group["type"] = kind
            for key, value in fields.items():
                group[key] = value
    return load("net.nir", options or ImportOptions(dt_s=1e-4, reset="zero"))


LIF = {"tau": [0.01], "r": [1.0], "v_leak": [0.0], "v_threshold": [1.0]}
PORTS = {"input": ("Input", {"shape": [1]}), "output": ("Output", {"shape": [1]})}
LINE = [("input", "lif"), ("lif", "output")]


def lif_file(options=None, version="0.2.0", **change):
    fields = {key: value for key, value in {**LIF, **change}.items() if value is not None}
    return nir({**PORTS, "lif": ("LIF", fields)}, LINE, version, options)


def domain(network, steps=None):
    made = program(network)
    others = [load_dialect(name) for name in ("brian2loihi", "loihi2", "nengo")]
    return domain_findings(made, dialect_verdict(made, others, steps))


def integers(weight, **registers):
    style = WeightFormat(weight_bits=8, exponent=3, sign_mode="excitatory")
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=100, **registers)
    return net(neuron=neuron, projections=(nd.dense("in", "cells", np.full((2, 2), weight), weight_format=style),))


def seen(weight, exponent=0, size=2, **registers):
    """A run of 40 steps in which line 0 fires in every step, into the first of two neurons."""
    style = WeightFormat(weight_bits=8, exponent=exponent, sign_mode="excitatory")
    neuron = nd.LoihiCuba(**{"du": 4095, "dv": 4095, "vth_mant": 131071, **registers})
    weights = np.zeros((2, size))
    weights[0] = weight
    population = nd.Population(name="cells", shape=2, neuron=neuron)
    projection = nd.dense("in", "cells", weights, weight_format=style)
    made = program(network_of([population], [projection], inputs=size, name="n"))
    rows = [(0, step, line) for step in range(1, 41) for line in range(size)]
    stimulus = Stimulus(n_samples=1, n_steps=40, spikes={"in": np.array(rows, dtype=np.int32)})
    return run_findings(made, nd.run(made, stimulus))


def resumed(samples=1, backend="emulator", weights=None):
    made, recording = run(options=RunOptions(keep_state=True))
    other = made if weights is None else program(net(weights=weights))
    stimulus = Stimulus(n_samples=samples, n_steps=5)
    nd.run(other, stimulus, backend=backend, until=9, options=RunOptions(resume=recording.final_state))


def netx(fields, **options):
    with h5py.File("net.net", "w") as file:
        for path, value in fields.items():
            file[path] = value
    return load("net.net", ImportOptions(dt_s=1e-3, **options))


def program(network=None, target="loihi1"):
    return compile_network(network or net(), load_target(target)).require()


def run(network=None, rows=((0, 1, 0),), target="loihi1", **options):
    stimulus = Stimulus(n_samples=1, n_steps=5, spikes={"in": np.array(rows, dtype=np.int32)})
    made = program(network, target)
    return made, nd.run(made, stimulus, **options)


def dense_of(size_in, size_out, target, **fields):
    rng = np.random.default_rng(0)
    return compiled(net(size_in, size_out, weights=rng.normal(size=(size_out, size_in))), target, fixes=False, **fields)


def three_formats():
    styles = [WeightFormat(weight_bits=8, exponent=e, sign_mode="excitatory") for e in (0, 1, 2)]
    many = tuple(
        nd.dense("in", "cells", np.full((1, 2), 4), name=f"p{k}", weight_format=style) for k, style in enumerate(styles)
    )
    return compiled(net(2, 1, integer(), projections=many), fixes=False)


def nd304():
    wide = nd.dense("one", "cells", np.ones((104, 1)))
    return compiled(
        net(
            1,
            populations=(cells("one", 1), cells(size=104)),
            projections=(nd.dense("in", "one", [[1.0]]), wide),
        ),
        fixes=False,
    )


def nd402():
    target = np.arange(24)
    wires = np.zeros((24, 24))
    for far in (8, 16):
        wires[(target + far) % 24, target] = 1.0
    projections = (nd.dense("in", "cells", np.ones((24, 1))), nd.sparse("cells", "cells", wires))
    sizes = {"cores": 40, "mesh_columns": 40, "mesh_rows": 1, "cores_per_tile": 1}  # its bound is 24 cores
    chip = with_limits(load_target("tiny"), output_axons=1, **sizes)
    return compiled(net(1, populations=(cells("cells", 24),), projections=projections), chip)


def nd506():
    made, recording = run()
    wrong = recording.model_copy(update={"spikes": {"cells": np.array([[0, 99, 0]], dtype=np.int32)}})
    return _recording_faults(made, wrong, "mine", trusted=False)


def silent(target="loihi1"):
    made, recording = run(net(weights=np.full((2, 2), 0.01)), target=target)
    return profile_findings(profile(made, recording))


def without_kernels(patch, **options):
    patch.setattr(library, "library_name", lambda **_: "_none.so")
    patch.setattr(library, "NOT_BUILT", Path("not_built.txt"))
    Path("not_built.txt").write_text("no C compiler works here\nand more\n")
    patch.setattr(library, "_loaded", library._loaded.__wrapped__)
    return run(options=RunOptions(**options))[1].findings


def without_metis(patch):
    import sys

    patch.setitem(sys.modules, "pymetis", None)
    return compiled(net(4, 4), "tiny", level=2, partitioners=("metis",))


def budgeted(*texts, target="tiny"):
    budgets = read_budgets(texts, COMPILATION_FIGURES)
    return budget_findings(budgets, compilation_measures(compile_network(net(), load_target(target))))


choices = cli_inputs.Choices


def worker(body, silence_s=60):
    """A job whose child does `body`."""
    Path("child.py").write_text(
        "import os, time\nfrom neurodeploy_worker import serve\ndef simulate(job):\n    " + body + "\nserve(simulate)\n"
    )
    script = Script("toy", Path(sys.executable), Path("child.py").resolve())
    return run_job(script, {}, {}, limits=Limits(silence_s=silence_s))


def toy_environment(**fields):
    plain = {"name": "toy", "python": "3.10", "distribution": "toy", "version": "1.0", "requirements": ("toy==1.0",)}
    return Environment(**{**plain, "variable": "TOY_PYTHON", **fields})


def uninstallable(monkeypatch):
    """The folder that should hold it is a file."""
    Path("data").write_text("")
    monkeypatch.setenv("NEURODEPLOY_DATA", "data")
    return install(toy_environment(), lambda _: None)


def no_board(monkeypatch):
    monkeypatch.setenv("NEURODEPLOY_DATA", "data")
    return [package_missing(toy_environment(), "toy-board", BoardPackage("toysdk", "the maker's package", "toy"))]


def no_folder(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
    return worker("pass")


def parted():
    made, recording = run(net(weights=np.full((2, 2), 30.0)))
    rows = recording.spikes["cells"]
    other = recording.model_copy(update={"backend": "other", "spikes": {"cells": rows[1:]}})
    return compare_findings(recording, other, made, ("loihi1", "loihi1"))


def falsely_sealed():
    made, recording = run(net(weights=np.full((2, 2), 30.0)))
    stimulus = Stimulus(n_samples=recording.n_samples, n_steps=recording.n_steps, spikes=recording.input_spikes)
    sealed = seal_golden(made, stimulus)
    golden = sealed.golden.model_copy(update={"spikes": {"cells": sealed.golden.spikes["cells"][1:]}})
    return sealed.model_copy(update={"golden": golden})


CASES = {
    "ND330": lambda _: domain(integers(20)),
    "ND331": lambda _: domain(integers(255, bias_mant=7, refractory_steps=2)),
    "ND508": lambda _: resumed(backend="reference"),
    "ND509": lambda _: resumed(samples=3, weights=np.full((2, 2), 7.0)),
    "ND510": lambda _: program(net()).run({"in": np.ones((1, 5, 2), dtype=int)}, probes=["cell.v", ("cells", "r")]),
    "ND530": lambda _: seen(255, exponent=7, size=3),
    "ND531": lambda _: seen(255, exponent=7, size=1, du=0),
    "ND532": lambda _: seen(255, exponent=3, size=1, vmax_exp=0),
    "ND533": lambda _: seen(200, vth_mant=180, bias_mant=0, dv=0),
    "ND534": lambda _: seen(200, vth_mant=10),
    "ND301": lambda _: compiled(
        net(neuron=nd.LoihiCuba(du=4095, dv=205, vth_mant=10, reset="subtract")),
        limited("compartments", 1),
        fixes=False,
    ),
    "ND302": lambda _: dense_of(20, 1, "tiny"),
    "ND303": lambda _: dense_of(13, 1, "tiny"),
    "ND304": lambda _: nd304(),
    "ND305": lambda _: dense_of(11, 1, "tiny"),
    "ND306": lambda _: compiled(net(), limited("parameter_sets", 0), fixes=False),
    "ND307": lambda _: compiled(net(), limited("threshold_sets", 0), fixes=False),
    "ND308": lambda _: three_formats(),
    "ND309": lambda _: compiled(
        net(projections=(nd.dense("in", "cells", np.ones((2, 2)), delay_steps=3),)),
        limited("accumulators", 2),
        fixes=False,
    ),
    "ND310": lambda _: compiled(
        net(
            1,
            1,
            projections=(
                nd.dense("in", "cells", [[1.0]], name="a"),
                nd.dense("in", "cells", [[0.9]], name="b"),
            ),
        ),
        load_target("tiny", rules="short"),
        fixes=False,
    ),
    "ND401": lambda _: compiled(net(10, 60, weights=np.ones((60, 10))), "tiny"),
    "ND402": lambda _: nd402(),
    "ND403": lambda _: compiled(net(4, 4), "tiny", avoid_cores=(4,)),
    "ND404": lambda _: compiled(net(4, 4), "tiny", positions={"cells": np.zeros((3, 2))}),
    "ND405": without_metis,
    "ND501": lambda patch: without_kernels(patch, engine="native"),
    "ND502": lambda _: run(
        net(probes=(nd.Probe(name="register", target="cells", variable="v_register"),)), backend="reference"
    ),
    "ND503": lambda _: [broken(EntryPoint("mine", "no_such_package_of_backends:Backend", "neurodeploy.backends"))],
    "ND504": lambda _: get_backend("emulater"),
    "ND505": lambda _: encode(net(encoder="rate"), SampleValues(values={"in": np.array([[0.5, 3.0]])}), steps=4),
    "ND506": lambda _: nd506(),
    "ND507": lambda _: stop_findings(run()[1].model_copy(update={"complete": False})),
    "ND540": lambda _: worker("job.stage('run'); job.step(3); raise ValueError('delay 64 is too long')"),
    "ND541": lambda _: worker("job.stage('run'); job.step(3); time.sleep(60)", silence_s=2.5),
    "ND542": lambda _: worker("job.stage('run'); os._exit(7)"),
    "ND543": lambda _: dialect_refusals(program(integers(240, bias_mant=5)), "brian2loihi", "brian2loihi", steps=10),
    "ND544": uninstallable,
    "ND545": no_board,
    "ND546": no_folder,
    "ND550": lambda _: parted(),
    "ND551": lambda _: compare_findings(run()[1], run()[1].model_copy(update={"program_digest": "0a1b2c3d4e5f"})),
    "ND552": lambda _: verify_program(falsely_sealed(), "emulator")[1],
    "ND553": lambda _: verify_program(program(), "emulator"),
    "ND554": lambda _: conformance_findings(
        [Judgement(case="delay", feature="delays", backend="toy", outcome="differs", message="u is 640 and 0")]
    ),
    "ND601": lambda _: silent("loihi2"),
    "ND602": lambda _: silent(),
    "ND603": lambda _: silent(),
    "ND604": lambda _: budgeted("cores<=0", "compartments<10%"),
    "ND605": lambda _: budgeted("fan_in<=10", target="loihi1"),
    "ND706": lambda _: budgeted("cores=4", "synapse_memory<=lots"),
    "ND707": lambda _: budgeted("synapse_memry<=80%"),
    "ND701": lambda _: by_name("--weight-bits", "[PROJECTION=]BITS", whole("--weight-bits", 1, 64))("cells:6"),
    "ND702": lambda _: no_stimulus(),
    "ND703": lambda _: contradicting(),
    "ND704": lambda _: unknown_code(),
    "ND705": lambda _: (
        save_network(net(), "net.nd.json"),
        cli_inputs.compile_model(Path("net.nd.json"), choices(None)),
    ),
    "ND710": lambda _: write_template("My Chip", Path("project")),
    "ND902": without_kernels,
    "ND901": lambda _: [internal_error_finding(RuntimeError("an example"))],
}


def no_stimulus():
    from neurodeploy.cli.running import _stimulus_path

    return _stimulus_path(Path("net.nd.json"), None)


def contradicting():
    from neurodeploy.program import save_program

    save_program(program(), "net.ndp")
    return cli_inputs.compile_model(Path("net.ndp"), choices("loihi2"))


def unknown_code():
    nd.explain("ND999")

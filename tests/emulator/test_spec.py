"""The definition in numpy against the compiled engine: every case of the corpus, everything that is recorded, every option."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from factories import network_of
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.spec import UPDATES

import neurodeploy as nd
from neurodeploy.conformance.corpus import corpus
from neurodeploy.conformance.judge import program_of
from neurodeploy.diagnostics import DiagnosticError, errors_in
from neurodeploy.io.archive import sealed_bytes
from neurodeploy.network.neurons import Neuron
from neurodeploy.simulate import RunOptions, Stimulus

CASES = {case.name: case for case in corpus()}
DIALECTS = ("loihi1", "loihi2", "nengo", "brian2loihi")
INEXPRESSIBLE = {"ND208", "ND209", "ND210", "ND211", "ND212", "ND213", "ND312", "ND313", "ND549"}


def both(program, stimulus, steps, **options):
    """Recordings of both engines, native first, without the name of the engine."""
    made = [
        nd.run(program, stimulus, until=steps, options=RunOptions(engine=engine, **options))
        for engine in ("native", "spec")
    ]
    assert [item.engine for item in made] == ["native", "spec"]
    return [item.model_copy(update={"engine": None}) for item in made]


def assert_equal(program, stimulus, steps, **options):
    native, spec = both(program, stimulus, steps, **options)
    for name in ("spikes", "payloads", "states", "input_spikes", "overflows"):
        left, right = getattr(native, name), getattr(spec, name)
        assert left.keys() == right.keys(), name
        for key in left:
            assert np.array_equal(left[key], right[key]), f"{name} {key}"
            assert left[key].dtype == right[key].dtype, f"{name} {key}"
    assert native == spec
    return native


def program_or_none(case, dialect):
    try:
        return program_of(case, dialect)
    except DiagnosticError as error:  # what a dialect cannot express has no bits to compare
        assert {item.code for item in errors_in(error.diagnostics)} <= INEXPRESSIBLE, str(error)
        return None


MATRIX = [
    pytest.param(name, dialect, marks=[] if DIALECTS[row % len(DIALECTS)] == dialect else pytest.mark.slow)
    for row, name in enumerate(CASES)
    for dialect in DIALECTS
]
"""Every case in every dialect: in the default run each case in one of them."""


@pytest.mark.parametrize(("name", "dialect"), MATRIX)
def test_the_compiled_engine_equals_the_definition(name, dialect):
    case, program = CASES[name], program_or_none(CASES[name], dialect)
    if program is None:
        return
    if program.target.dialect.learning == "brian2" and any(item.plasticity for item in program.network.projections):
        made = nd.run(program, case.stimulus, until=case.steps)
        assert (made.engine, "learning in every step" in made.engine_note) == ("spec", True)
        return
    assert_equal(program, case.stimulus, case.steps, seed=5)
    if case.steps > 1:
        half = max(case.steps // 2, 1)
        kept = assert_equal(program, case.stimulus, half, seed=5, keep_state=True).final_state
        states = [item.final_state for item in both(program, case.stimulus, half, seed=5, keep_state=True)]
        one, other = (sealed_bytes(state, "neurodeploy-state") for state in states)
        assert one == other, "states of both engines are the same file"
        assert_equal(program, case.stimulus, case.steps, seed=5, resume=kept)


@pytest.mark.parametrize("name", ["noise_at_current", "sigma_delta"])
def test_every_option_of_a_run(name):
    case = next(item for key, item in CASES.items() if key.startswith(name))
    program = next(made for made in (program_or_none(case, d) for d in ("nengo", "loihi2")) if made)
    populations = tuple(item.name for item in program.populations)
    assert_equal(program, case.stimulus, case.steps, activity=False, overflow=False, record=populations[:1])
    assert_equal(program, case.stimulus, case.steps, record=())


def fed(samples=7, steps=6):
    rng = np.random.default_rng(0)
    network = network_of(
        (nd.Population(name="c", shape=4, neuron=nd.If(v_threshold=1.0)),),
        (nd.dense("in", "c", rng.normal(size=(4, 5))),),
        inputs=5,
        outputs=(nd.Output(name="o", source="c"),),
        name="fed",
    )
    raster = (rng.random((samples, steps, 5)) < 0.4).astype(np.uint8)
    return nd.compile(network, "loihi1"), Stimulus(n_samples=samples, n_steps=steps, rasters={"in": raster})


def test_batch_size_never_changes_results(monkeypatch):
    from neurodeploy_backends.emulator import spec_run

    program, stimulus = fed()
    whole = assert_equal(program, stimulus, 8, keep_state=True)
    monkeypatch.setattr(spec_run, "SIDE_BY_SIDE", 1)
    assert assert_equal(program, stimulus, 8, keep_state=True) == whole


def test_progress_and_stops_are_those_of_every_run():
    program, stimulus = fed()
    calls = []
    options = RunOptions(engine="spec")
    nd.run(program, stimulus, until=8, options=options, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (7 * 8, 7 * 8)

    def stop(done, total):
        raise KeyboardInterrupt

    one = stimulus.model_copy(update={"n_samples": 1, "rasters": {"in": stimulus.rasters["in"][:1]}})
    from neurodeploy_backends.emulator import spec_run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spec_run, "PROGRESS_S", 0.0)
        patch.setattr(spec_run, "SIDE_BY_SIDE", 1)
        found = nd.run(program, one, until=8, options=options, progress=stop)
        assert (found.complete, found.partial, found.n_samples, found.n_steps) == (False, True, 1, 1)
        assert "ND507" in [item.code for item in found.findings]
        several = nd.run(program, stimulus, until=8, options=options, progress=stop)
        assert (several.complete, several.n_samples) == (False, 0)


def refused(call):
    with pytest.raises(DiagnosticError) as caught:
        call()
    return [(item.code, str(item.subject)) for item in caught.value.diagnostics]


@pytest.mark.parametrize("engine", ["native", "spec"])
def test_an_unreachable_state_is_refused(engine):
    program, stimulus = fed()
    kept = nd.run(program, stimulus, until=3, options=RunOptions(keep_state=True)).final_state
    variables = dict(kept.variables)
    lacking = kept.model_copy(update={"variables": {k: v for k, v in variables.items() if k != "c.u"}})
    far = kept.model_copy(update={"variables": variables | {"c.u": variables["c.u"] + (1 << 50)}})
    sums = kept.model_copy(update={"arriving": {"c": kept.arriving["c"] + (1 << 40)}})
    for wrong, where in ((lacking, "c.u"), (far, "c.u"), (sums, "c")):
        options = RunOptions(engine=engine, resume=wrong)
        found = refused(lambda options=options: nd.run(program, stimulus, until=6, options=options))
        assert ("ND509", f"state '{where}'") in found


def test_an_engine_is_chosen_by_name():
    program, stimulus = fed()
    found = refused(lambda: nd.run(program, stimulus, engine="spek"))
    assert [code for code, _ in found] == ["ND002"]
    found = refused(lambda: nd.run(program, stimulus, engine="spec", backend="reference"))
    assert found == [("ND516", "backend 'reference'")]
    assert nd.run(program, stimulus, engine="spec").engine == "spec"
    assert nd.run(program, stimulus).engine == "native"
    assert nd.run(program, stimulus, backend="reference").engine is None


def test_without_a_library_the_definition_runs_and_gives_the_reason(monkeypatch):
    program, stimulus = fed()
    native = nd.run(program, stimulus)
    assert "ND902" not in [item.code for item in native.findings]
    monkeypatch.setenv("NEURODEPLOY_NATIVE", "v0")
    found = nd.run(program, stimulus)
    reason = "NEURODEPLOY_NATIVE is 'v0', not one of off, checked, v2, v3, v4"
    assert (found.engine, found.engine_note) == ("spec", reason)
    slow, *others = found.findings
    assert (slow.code, slow.message) == ("ND902", f"runs without its compiled kernels, which is much slower: {reason}")
    assert tuple(others) == native.findings
    assert equal_but_for_the_engine(found, native)
    batches = nd.run(program, iter([{"in": raster} for raster in stimulus.rasters["in"]]), batch=2)
    assert [item for item in batches.findings if item.code == "ND902"] == [slow]
    assert refused(lambda: nd.run(program, stimulus, engine="native")) == [("ND501", "engine 'native'")]
    assert nd.run(program, stimulus, engine="spec").findings == native.findings


def test_kernels_that_are_switched_off_are_no_finding(monkeypatch):
    program, stimulus = fed()
    native = nd.run(program, stimulus)
    monkeypatch.setenv("NEURODEPLOY_NATIVE", "off")
    found = nd.run(program, stimulus)
    assert (found.engine, found.engine_note) == ("spec", "")
    assert found.model_copy(update={"engine": "native"}) == native
    assert refused(lambda: nd.run(program, stimulus, engine="native")) == [("ND501", "engine 'native'")]


def equal_but_for_the_engine(found, native):
    same = {"engine": native.engine, "engine_note": native.engine_note, "findings": native.findings}
    return found.model_copy(update=same) == native


def test_every_kind_has_a_rule_and_one_without_a_kernel_runs_on_the_definition(monkeypatch):
    kinds = {get_args(member.model_fields["kind"].annotation)[0] for member in get_args(get_args(Neuron)[0])}
    assert set(UPDATES) == kinds
    assert set(models.MODELS) <= kinds
    case = CASES["sigma"]
    program = program_of(case, "loihi2")
    native = nd.run(program, case.stimulus)
    monkeypatch.delitem(models.MODELS, "sigma")
    found = nd.run(program, case.stimulus)
    assert (found.engine, found.engine_note) == ("spec", "no compiled kernel for sigma of population 'cells'")
    assert [item.fixes for item in found.findings if item.code == "ND902"] == [()], "no library would help"
    assert equal_but_for_the_engine(found, native)
    assert refused(lambda: nd.run(program, case.stimulus, engine="native")) == [("ND501", "engine 'native'")]


def test_the_definition_runs_in_a_process_that_loads_no_library(tmp_path):
    program, stimulus = fed()
    nd.save(program, tmp_path / "fed.ndp")
    expected = nd.run(program, stimulus).spikes["c"]
    code = f"""
import ctypes, os
os.environ["NEURODEPLOY_NATIVE"] = "off"
ctypes.CDLL = None
import numpy as np
import neurodeploy_backends.emulator.spec_run
import neurodeploy as nd
program = nd.load({str(tmp_path / "fed.ndp")!r})
raster = np.array({stimulus.rasters["in"].tolist()}, dtype=np.uint8)
recording = nd.run(program, nd.Stimulus(n_samples=7, n_steps=6, rasters={{"in": raster}}))
assert recording.engine == "spec", recording.engine
print(recording.spikes["c"].tolist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() == str(expected.tolist())


def test_a_trained_network_on_real_samples(root):
    """The digits example, on a cut of its samples."""
    folder = root / "examples" / "digits"
    values = np.load(folder / "digits.stimulus.npz")
    program = nd.compile(nd.load(folder / "digits.nd.json"), "loihi1")
    native, spec = (nd.run(program, values["inputs"][:12], steps=12, engine=engine) for engine in ("native", "spec"))
    assert spec.model_copy(update={"engine": "native"}) == native
    assert sum(len(rows) for rows in native.spikes.values()) > 100

"""Programs as C: compiled with every warning an error, and run against the emulator, spike for spike and state for state."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import numpy as np
import pytest
from exported import SANITIZED, STRICT, assert_exported, compiled, events
from factories import network_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from neurodeploy_backends.emulator.c_export.arrays import smallest
from neurodeploy_backends.emulator.c_export.names import identifiers
from random_programs import drawn

import neurodeploy as nd
from neurodeploy.c_export import CExportOptions, c_exporter, write_folder
from neurodeploy.conformance.corpus import corpus
from neurodeploy.conformance.judge import program_of
from neurodeploy.network import Conv2d, Dense, FirstSpike, Membrane, SpikeCount, WeightFormat
from neurodeploy.simulate import Stimulus

STYLE = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
CASES = {case.name: case for case in corpus()}
QUICK = (
    *("conv2d", "delay_synapse", "weights_shift_with_delays", "noise", "noise_at_current", "refractory_by_neuron"),
    *("reset_periodic", "sigma_delta_cumulative", "ternary", "adaptive_lif_periodic_reset", "resonate_fire"),
    *(
        "resonate_zero",
        "product",
        "relu_both_signs",
        "values_into_cuba",
        "overflow_accumulator",
        "cuba_li",
        "two_inputs",
    ),
)
"""A case of every neuron kind and of every form of the C; the slow run takes them all."""


def learns(case):
    return any(item.plasticity is not None for item in case.network.projections)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in CASES])
def test_the_conformance_corpus_gives_the_same_bits_as_c(name, tmp_path):
    case = CASES[name]
    if learns(case):
        with pytest.raises(nd.DiagnosticError) as caught:
            nd.export_c(program_of(case, None))
        assert {item.code for item in caught.value.diagnostics} == {"ND985"}
    else:
        assert_exported(program_of(case, None), case.stimulus, case.steps, tmp_path)


def random_case(dice):
    case = drawn(dice)
    assume(case is not None)
    assume(all(item.plasticity is None for item in case.program.network.projections))
    return case


RANDOM = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=5, **RANDOM)
@given(st.randoms(use_true_random=False))
def test_random_programs_give_the_same_bits_as_c(tmp_path, dice):
    case = random_case(dice)
    assert_exported(case.program, case.stimulus, case.until, tmp_path, seed=case.options["seed"])


@pytest.mark.slow
@settings(max_examples=100, **RANDOM)
@given(st.randoms(use_true_random=False))
def test_a_hundred_random_programs_give_the_same_bits_as_c(tmp_path, dice):
    case = random_case(dice)
    assert_exported(case.program, case.stimulus, case.until, tmp_path, seed=case.options["seed"], flags=("-O0",))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sanitizers are missing and cannot be had: gcc has them on Linux")
@settings(max_examples=12, **RANDOM)
@given(st.randoms(use_true_random=False))
def test_sanitizers_find_nothing_in_the_c(tmp_path, dice):
    case = random_case(dice)
    assert_exported(case.program, case.stimulus, case.until, tmp_path, seed=case.options["seed"], flags=SANITIZED)


# --- whole networks


def digits(root, target="loihi1"):
    network = nd.load(root / "examples" / "digits" / "digits.nd.json")
    return nd.compile(network, target)


@pytest.mark.parametrize("target", ["loihi1", "loihi2"])
def test_digits_give_the_answers_of_the_emulator(root, target, tmp_path):
    program = digits(root, target)
    with np.load(root / "examples" / "digits" / "digits.stimulus.npz") as file:
        samples = nd.encode(program, {"pixels": file["inputs"][:20]})
    assert_exported(program, samples, samples.n_steps + 2, tmp_path)


def reading(decoder, **fields):
    """Six lines onto six neurons whose answer a decoder gives."""
    rng = np.random.default_rng(3)
    neuron = nd.LoihiCuba(du=4095, dv=200, vth_mant=20, **fields)
    wire = nd.Projection(
        name="w",
        source="in",
        target="cells",
        operation=Dense(weights=rng.integers(-60, 60, (6, 6)) * 2),
        weight_format=STYLE,
    )
    output = nd.Output(name="out", source="cells", decoder=decoder)
    network = network_of([nd.Population(name="cells", shape=6, neuron=neuron)], [wire], inputs=6, outputs=(output,))
    return nd.compile(network, "loihi1")


@pytest.mark.parametrize(
    "decoder",
    [
        SpikeCount(),
        SpikeCount(groups=3),
        FirstSpike(),
        Membrane(),
        Membrane(offset=[0.0, 900.0, 0.0, -400.0, 5.0, 0.0]),
        Membrane(offset=[0.5, 0.0, 0.25, 0.0, 0.0, 0.0]),
    ],
    ids=["count", "groups", "first", "membrane", "offsets", "fractions"],
)
def test_answers_are_those_of_the_decoders(decoder, tmp_path):
    rng = np.random.default_rng(5)
    rows = np.argwhere(rng.random((8, 20, 6)) < 0.2) + [0, 1, 0]
    assert_exported(
        reading(decoder), Stimulus(n_samples=8, n_steps=20, spikes={"in": rows.astype(np.int32)}), 22, tmp_path
    )


def test_a_silent_sample_is_answered_as_by_the_emulator(tmp_path):
    none = np.zeros((0, 3), dtype=np.int32)
    assert_exported(reading(FirstSpike()), Stimulus(n_samples=1, n_steps=5, spikes={"in": none}), 5, tmp_path)


# --- the texts


def test_equal_programs_give_equal_texts(root):
    made = [c_exporter().c_source(digits(root), CExportOptions()).files for _ in range(2)]
    assert made[0] == made[1]


def test_the_core_needs_no_library(root):
    files = c_exporter().c_source(digits(root), CExportOptions()).files
    core = files["nd.c"] + files["nd.h"] + files["nd_rules.h"]
    assert set(re.findall(r"#include [<\"](\S+)[>\"]", core)) == {"stdint.h", "nd.h", "nd_rules.h"}
    assert not re.search(
        r"\b(malloc|free|calloc|printf|double|float)\b", files["nd.c"] + files["nd.h"].split("*/", 1)[1]
    )


def test_rules_that_a_program_does_not_need_are_left_out(root):
    narrow = c_exporter().c_source(digits(root), CExportOptions()).files["nd_rules.h"]
    assert "even_step" in narrow
    assert "Compartment" not in narrow
    kinds = c_exporter().c_source(program_of(CASES["relu"], None), CExportOptions()).files["nd_rules.h"]
    assert "updated_kind" in kinds
    assert "even_step" not in kinds


def test_names_in_c_are_different_however_alike_those_of_the_user_are():
    found = identifiers(["a.b", "a-b", "A_b", "a_b_2", "--", "0", "neurons"])
    assert len(set(found.values())) == len(found)
    assert found["a.b"] == "a_b"
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in found.values())


def test_users_may_call_populations_what_the_c_calls_its_own(tmp_path):
    names = ("neurons", "lines", "a.b", "a_b", "step", "state", "update_x")
    neuron = nd.LoihiCuba(du=4095, dv=[0, 100, 200], vth_mant=10)
    populations = [nd.Population(name=name, shape=3, neuron=neuron) for name in names]
    wires = [
        nd.Projection(
            name=f"to_{number}", source="main", target=name, operation=Dense(weights=[[80]] * 3), weight_format=STYLE
        )
        for number, name in enumerate(names)
    ]
    inputs = (nd.Input(name="main", shape=1),)
    program = nd.compile(network_of(populations, wires, inputs=inputs, outputs="step"), "loihi1")
    rows = np.array([[0, step, 0] for step in (1, 3, 4)], dtype=np.int32)
    assert_exported(program, Stimulus(n_samples=1, n_steps=5, spikes={"main": rows}), 8, tmp_path)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 255], "uint8_t"),
        ([-1, 127], "int8_t"),
        ([-1, 128], "int16_t"),
        ([0, 65536], "uint32_t"),
        ([-(2**31), 0], "int32_t"),
        ([-(2**31) - 1, 0], "int64_t"),
        ([0.5], "double"),
        ([2.0, -3.0], "int8_t"),
        ([], "uint8_t"),
    ],
)
def test_tables_take_the_smallest_type(values, kind):
    assert smallest(np.array(values)) == kind


def test_four_bits_hold_two_weights_in_a_byte_and_give_the_same_bits(tmp_path):
    program = nd.compile(reading(SpikeCount()).network, "loihi1")
    wide = nd.export_c(program)
    small = nd.compile(narrow_weights(), "loihi1")
    half = nd.export_c(small)
    assert (half.flash_bytes, wide.flash_bytes) == (18, 36)
    rows = np.argwhere(np.random.default_rng(1).random((2, 12, 6)) < 0.4) + [0, 1, 0]
    assert_exported(small, Stimulus(n_samples=2, n_steps=12, spikes={"in": rows.astype(np.int32)}), 14, tmp_path)


def narrow_weights():
    network = reading(SpikeCount()).network
    weights = np.arange(36).reshape(6, 6) % 16 * 2 - 16
    wire = network.projections[0].model_copy(update={"operation": Dense(weights=weights)})
    return network.model_copy(update={"projections": (wire,)})


def test_a_convolution_stores_its_kernel_and_not_its_synapses(tmp_path):
    weights = np.random.default_rng(4).integers(-60, 60, (4, 2, 3, 3)) * 2
    conv = Conv2d(weights=weights, input_shape=(2, 14, 14))
    cells = nd.Population(name="cells", shape=(4, 12, 12), neuron=nd.LoihiCuba(du=4095, dv=200, vth_mant=30))
    wire = nd.Projection(name="w", source="in", target="cells", operation=conv, weight_format=STYLE)
    made = nd.compile(network_of([cells], [wire], inputs=(2, 14, 14), outputs="cells"), "loihi1")
    synapses = 2 * 4 * 9 * 12 * 12
    assert nd.export_c(made).flash_bytes < synapses / 2
    rows = np.argwhere(np.random.default_rng(2).random((1, 6, 392)) < 0.2) + [0, 1, 0]
    assert_exported(made, Stimulus(n_samples=1, n_steps=6, spikes={"in": rows.astype(np.int32)}), 9, tmp_path)


# --- compilers


def test_two_programs_share_a_firmware(root, tmp_path):
    folders = {"one": digits(root), "two": digits(root, "loihi2")}
    for prefix, program in folders.items():
        nd.export_c(program, tmp_path / prefix, prefix=prefix, main=False)
    both = tmp_path / "main.c"
    both.write_text(
        '#include "one/one.h"\n#include "two/two.h"\nstatic one_state a;\nstatic two_state b;\n'
        "int main(void) {\n  one_reset(&a);\n  two_reset(&b);\n  uint32_t lines[1] = {ONE_FIRST_PIXELS};\n"
        "  const uint32_t wrong[1] = {TWO_LINES};\n"
        "  return one_step(&a, lines, 1) == 0 && two_step(&b, lines, 1) == 0 && two_step(&b, wrong, 1) == -1 ? 0 : 1;\n}\n"
    )
    sources = [str(both), *(str(tmp_path / name / f"{name}.c") for name in folders)]
    out = tmp_path / "both"
    made = subprocess.run(["cc", *STRICT, *sources, "-o", str(out)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert subprocess.run([str(out)], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(
    not importlib.util.find_spec("ziglang"),
    reason="ziglang is missing and cannot be had: it comes with the `test` extra",
)
@pytest.mark.parametrize("name", ["digits", "adaptive_lif", "noise", "product"])
@pytest.mark.parametrize("target", ["thumb-freestanding", "riscv32-freestanding"])
def test_the_core_compiles_for_microcontrollers(root, tmp_path, name, target):
    program = digits(root) if name == "digits" else program_of(CASES[name], None)
    nd.export_c(program, tmp_path / "c", main=False)
    processor = ("-mcpu=cortex_m4",) if target.startswith("thumb") else ()
    command = (sys.executable, "-m", "ziglang", "cc", "-target", target, *processor, *STRICT, "-Os", "-c")
    source, out = tmp_path / "c" / "nd.c", tmp_path / "nd.o"
    made = subprocess.run([*command, str(source), "-o", str(out)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


def test_the_main_refuses_rows_that_it_cannot_show(root, tmp_path):
    write_folder(c_exporter().c_source(digits(root), CExportOptions()).files, tmp_path / "c")
    program = compiled(tmp_path / "c")
    for text, message in (("0 1 64\n", "no line 64"), ("0 2 3\n0 1 3\n", "out of order")):
        ran = subprocess.run([str(program), "3"], input=text, capture_output=True, text=True, check=False)
        assert ran.returncode == 1
        assert message in ran.stderr
    assert subprocess.run([str(program)], input="", capture_output=True, text=True, check=False).returncode == 2


def test_rows_that_main_reads_are_those_of_the_stimulus(root):
    program = digits(root)
    rows = np.array([[0, 2, 5], [1, 1, 63]], dtype=np.int32)
    assert events(program, Stimulus(n_samples=2, n_steps=3, spikes={"pixels": rows}), 3) == "0 2 5\n1 1 63\n"

"""The corpus on nengo-loihi's emulator at block level."""

from __future__ import annotations

import pytest

from neurodeploy.conformance import corpus, judge, program_of
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.simulate import RunOptions, get_backend
from neurodeploy.worker import Script, interpreter_of, run_job

BACKENDS = ("nengo-loihi",)
GRADED = {case.name for case in corpus() if case.feature == "kinds with graded spikes"}
REFUSED = {case.name for case in corpus() if case.feature == "delays"} | GRADED
REFUSED |= {"weights_shift_with_delay", "weights_shift_with_delays", "reset_periodic", "reset_subtract"}
LEARNING = {case.name for case in corpus() if case.feature == "learning"} - {"learning_pes"}
REFUSED |= LEARNING
"""Cases that nengo-loihi cannot run: those of LEARNING by its dialect (ND313), the others by the adapter (ND502)."""


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_case(case, vendor):
    judgement = judge(case, vendor)
    assert judgement.outcome == ("refused" if case.name in REFUSED else "exact"), judgement.message
    code = "ND313" if case.name in LEARNING else "ND502"
    assert judgement.code == (code if case.name in REFUSED else "")


def on_board(adapter, tmp_path, last):
    """The adapter's script, which runs `last` instead of using a board."""
    path = adapter.script
    text = f"""import sys
sys.path.insert(0, {str(path.parent)!r})
import numpy as np
import simulate
def on_board(model, job):
    job.stage("build on the board")
    {last}
simulate.on_board = on_board
simulate.serve(simulate.simulate)
"""
    (tmp_path / "wrapped.py").write_text(text)
    return Script("nengo-loihi-board", interpreter_of(adapter.environment).path, tmp_path / "wrapped.py")


def board_job(name):
    case = next(item for item in corpus() if item.name == name)
    program = program_of(case, "nengo")
    return get_backend("nengo-loihi-board").job(program, case.stimulus, case.steps, RunOptions())


VALIDATED = """
    from nengo_loihi.hardware.allocators import GreedyInterchip
    from nengo_loihi.hardware.validate import validate_board
    board = GreedyInterchip()(model.model, job.plan["chips"])
    validate_board(board)
    for block in model.blocks:
        for synapse in block.synapses:
            for given in synapse.weights:
                mantissas = given // synapse.synapse_cfg.scale
                assert (mantissas * synapse.synapse_cfg.scale == given).all(), (given, synapse.synapse_cfg.scale)
                assert (mantissas >= -256).all() and (mantissas <= 255).all(), mantissas
                assert synapse.synapse_cfg.fanout_type != 1 or (mantissas % 2 == 0).all(), mantissas
    raise RuntimeError(f"{len(board.chips)} chips, {sum(len(chip.cores) for chip in board.chips)} cores are valid")
"""


@pytest.mark.parametrize(
    "name", ["layers_with_skip", "weights_exponent_7", "weights_excitatory", "limits_of_two_populations"]
)
def test_blocks_are_what_a_board_takes(vendor, tmp_path, name):
    """Blocks pass nengo-loihi's validation for a board, and every weight is a mantissa of its format; only NxSDK is missing."""
    job = board_job(name)
    with pytest.raises(DiagnosticError) as caught:
        run_job(on_board(get_backend(vendor), tmp_path, VALIDATED.strip()), job.plan, job.arrays)
    assert "1 chips" in caught.value.diagnostics[0].message
    assert "are valid" in caught.value.diagnostics[0].message


def test_a_board_without_nxsdk_ends_where_it_would_be_reached(vendor):
    """What `unavailable` reports (ND545) is true: the script finds no nxsdk."""
    adapter, job = get_backend(vendor), board_job("dense")
    assert get_backend("nengo-loihi-board").unavailable().code == "ND545"
    with pytest.raises(DiagnosticError) as caught:
        run_job(
            Script("nengo-loihi-board", interpreter_of(adapter.environment).path, adapter.script), job.plan, job.arrays
        )
    (found,) = caught.value.diagnostics
    assert found.code == "ND540"
    assert "No module named 'nxsdk'" in found.message
    assert "stage 'build on the board'" in found.message

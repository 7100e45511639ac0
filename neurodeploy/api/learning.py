"""nd.learned: the program with the weights that it has learned."""

from __future__ import annotations

from neurodeploy.api.running import require_own
from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.choices import needs
from neurodeploy.program import Program
from neurodeploy.program.learned_weights import with_learned_weights
from neurodeploy.signals import Learned, Recording
from neurodeploy.simulate.learning_check import learned_messages
from neurodeploy.simulate.recording_check import require_sound_recording

__all__ = ["learned"]


def learned(
    program: Program, recording: Recording | Learned, sample: int | None = None, plastic: bool = True
) -> Program:
    """Return the program with the weights that its plastic projections have learned, to save, compare, and run again.

    `program`: that was run. `recording`: its run, or the `learned` of one. `sample`: the one whose weights are taken, from 0, if
    several learned apart. `plastic`: whether projections go on learning from there, with the learned delays and tags; if
    not, their weights are fixed.

    Mapping, scales and weight formats stay the same. A synapse stores fewer bits than a learning engine holds: weights
    between those of the format are rounded, with a ledger line and ND523 in the findings of the program. Where none is, a
    run with learn="off" equals one of `program` with `learned=recording.learned`. The network has the new weights in its own
    units; quantized anew, it may get another scale.

    Raises DiagnosticError: ND002 (arguments), ND513 (the recording is not sound), ND518 (learned weights that do not fit),
    ND522 (nothing learned, or no such sample), ND703 (recording of another program).

    Example: nd.save(nd.learned(program, nd.run(program, samples, learn="sequential")), "learned.ndp")
    """
    needs("learned", program=(program, Program), recording=(recording, (Recording, Learned)), plastic=(plastic, bool))
    needs("learned", sample=(sample, (int, type(None))))
    found = recording if isinstance(recording, Learned) else _of(program, recording)
    rows = {len(values) for values in found.synapses.values() if values.ndim}
    many = max(rows, default=1)
    messages = learned_messages(program, found.synapses, (many,))
    raise_errors(
        "learned", [finding("ND518", about("argument", "recording"), f"'{name}' {text}") for name, text in messages]
    )
    row = _row(many, sample)
    return with_learned_weights(
        program, {name: values[row] for name, values in found.synapses.items()}, plastic=plastic
    )


def _of(program: Program, recording: Recording) -> Learned:
    require_own("learned", program, recording)
    require_sound_recording(recording, program)
    if recording.learned is not None:
        return recording.learned
    message = "holds no learned weights: no projection is plastic, or its run was stopped before a sample was complete"
    raise _refused(message)


def _row(rows: int, sample: int | None) -> int:
    """The row of a sample; 0 where there is one for all. Raises DiagnosticError: ND522."""
    if sample is None and rows == 1:
        return 0
    if sample is None:
        fixes = [f"sample=0, or another up to {rows - 1}", 'nd.run(..., learn="sequential")']
        raise _refused(f"holds what {rows:,} samples learned apart", *fixes)
    if not 0 <= sample < rows:
        raise _refused(f"holds what {rows:,} sample{'s' if rows > 1 else ''} learned; there is no sample {sample}")
    return sample


def _refused(message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError("learned", (finding("ND522", about("recording"), message, fixes=fixes),))

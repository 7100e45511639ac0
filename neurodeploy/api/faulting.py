"""Campaigns of faults, and programs moved off cores that must not be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from neurodeploy.campaign import (
    Campaign,
    CampaignOptions,
    Remapped,
    advice_of,
    remap_program,
    results_of,
    run_campaign,
)
from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.choices import CALL, chosen, needs, whole_faults
from neurodeploy.program import Program
from neurodeploy.program.validate import require_sound
from neurodeploy.signals import Progress, Samples, Stimulus
from neurodeploy.simulate import encode

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from neurodeploy.campaign import CampaignChoices

__all__ = ["fault_campaign", "remap"]


def fault_campaign(
    program: Program,
    samples: Samples = None,
    *,
    labels: ArrayLike | None = None,
    steps: int | None = None,
    seed: int = 0,
    out: str | PathLike[str] | None = None,
    harden: bool = False,
    options: CampaignOptions | None = None,
    progress: Progress | None = None,
    **choices: Unpack[CampaignChoices],
) -> Campaign:
    """Return what single faults do to a program: the critical share by kind, layer, bit and core, with intervals.

    `samples`, `steps` and `seed`: as for nd.run, except iterators; every fault meets all of them, so some ten are usual. `labels`:
    (samples,) integers; default: those of the samples. `out`: a file to which outcomes are appended as they come: a campaign
    that was stopped or killed goes on from it. `harden`: whether advice is computed, which tries programs with copies of
    neurons. `progress`: called with (faults tried, faults planned). `choices`: fields of CampaignOptions by keyword, such as
    `margin` and `confidence`, `size`, `faults`, `criterion` or `rates`; they take precedence over those of `options`.

    Each fault is a run of nd.inject(program, fault), by a faster way with the same bits. After Ctrl-C the result is that of the
    faults that were tried, with ND983.

    Raises DiagnosticError: ND002 (arguments), ND007 and ND981 (`out`), ND011 (inconsistent program), ND505 and ND066 (samples,
    labels), ND979 (options), ND980 (no fault is selected), ND982 (no answers or labels), and as nd.run.

    Example: nd.fault_campaign(program, images[:10], labels=labels[:10], margin=0.05).critical
    """
    needs("fault_campaign", program=(program, Program), seed=(seed, int), progress=(progress, CALL))
    needs("fault_campaign", out=(out, (str, PathLike, type(None))), harden=(harden, bool))
    raise_errors("fault_campaign", whole_faults("fault_campaign", steps=steps))
    made = chosen("fault_campaign", CampaignOptions, options, choices, ("samples", "labels", "out", "harden"))
    require_sound(program)
    stimulus = encode(program.network, samples, steps=steps, seed=seed)
    results = results_of(program, _labelled(stimulus, labels), made, seed=seed)
    campaign = run_campaign(results, out=None if out is None else Path(out), progress=progress)
    return campaign.model_copy(update={"advice": advice_of(results)}) if harden and campaign.complete else campaign


def _labelled(stimulus: Stimulus, labels: ArrayLike | None) -> Stimulus:
    if labels is None:
        return stimulus
    try:
        wanted = np.asarray(labels)
    except (ValueError, TypeError, RuntimeError):
        wanted = np.asarray(None)
    if wanted.shape != (stimulus.n_samples,) or wanted.dtype.kind not in "iu":
        message = f"are {wanted.dtype} {list(wanted.shape)}; needs whole numbers of shape [{stimulus.n_samples}]"
        raise DiagnosticError("fault_campaign", (finding("ND505", about("labels"), message),))
    return stimulus.model_copy(update={"labels": wanted})


def remap(program: Program, avoid_cores: Sequence[int], *, samples: Samples = None) -> Remapped:
    """Return a program moved off physical cores that must not be used, after its bits were proven equal.

    `avoid_cores`: chip * cores of a chip + core on the chip. Logical cores on them move to free ones, as near to their partners
    as there are; if too few are free, the network is compiled again without them. All registers and synapses are compared, and
    both programs run `samples`, or the sealed ones, or ones drawn at random; what they gave is sealed in the new program.

    Raises DiagnosticError: ND002 (arguments), ND011 (inconsistent program), ND403 (no such core), ND977 (too few cores are
    left), ND978 (the bits differ), and as nd.run.

    Example: nd.save(nd.remap(program, [3, 17]).program, "moved.ndp")
    """
    needs("remap", program=(program, Program), avoid_cores=(avoid_cores, Iterable))
    cores = tuple(np.atleast_1d(avoid_cores)) if isinstance(avoid_cores, np.ndarray) else tuple(avoid_cores)
    needs("remap", **{f"avoid_cores[{number}]": (core, (int, np.integer)) for number, core in enumerate(cores)})
    require_sound(program)
    return remap_program(program, [int(core) for core in cores], samples)

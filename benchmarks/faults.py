"""Measures campaigns of faults on the digits, and programs that leave their cores.

    python benchmarks/faults.py                 10,000 single faults x 10 digits, cut runs, checks, moves; about a minute
    python benchmarks/faults.py --faults 1000 --checks 50

Prints the time and the processor time of the campaign, the width of its intervals, the share of steps that late starts, early
stops and faults without effect save, how many outcomes equal those of nd.inject and nd.run, and in how many cases a network
keeps its bits on other cores. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "backends"), str(HERE.parent / "targets")]

import numpy as np  # noqa: E402

import neurodeploy as nd  # noqa: E402
from neurodeploy.campaign import CampaignOptions, Results, campaign_of, results_of, run_campaign  # noqa: E402
from neurodeploy.campaign.golden import outcome_of  # noqa: E402

DIGITS = HERE.parent / "examples" / "digits"
STATE = (
    nd.FaultChoice(where="register", fields=("u", "v"), when="at"),
    nd.FaultChoice(where="synapse", fields=("weight",), when="at"),
)
"""Faults of one step: flipped state and misread weights."""


def _campaign(title: str, size: int, threads: int, n_samples: int, **choices: object) -> Results:
    network = nd.load(DIGITS / "digits.nd.json")
    data = np.load(DIGITS / "digits.stimulus.npz")
    program = nd.compile(network, "loihi1")
    stimulus = nd.encode(program, data["inputs"][:n_samples])
    stimulus = stimulus.model_copy(update={"labels": data["labels"][:n_samples]})
    options = CampaignOptions.model_validate({"size": size, "threads": threads, **choices})
    began, used = time.perf_counter(), time.process_time()
    results = results_of(program, stimulus, options)
    run_campaign(results)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - used
    found, (ran, whole) = campaign_of(results), results.saved
    print(f"{title}: {found.n_drawn:,} of {found.n_faults:,} faults x {n_samples} digits on {threads} threads")
    print(
        f"  {wall_s:.1f} s, {cpu_s:.1f} s of processor time; load {os.getloadavg()[0]:.1f}; {1 - ran / whole:.1%} of the steps saved"
    )
    for name, share in (("critical", found.critical), ("masked", found.masked)):
        if share is not None:
            half = (share.high - share.low) / 2
            print(
                f"  {name} {share.value:.2%}, {share.low:.2%} to {share.high:.2%} (+- {half:.2%}) at {options.confidence:.0%}"
            )
    return results


def _checks(results: Results, count: int) -> None:
    """Compare some outcomes with those of injected programs."""
    tried = np.random.default_rng(0).permutation(len(results.draw.faults))[:count].tolist()
    same = 0
    for number in tried:
        faulty = nd.inject(results.program, results.draw.faults[number])
        recording = nd.run(faulty, results.stimulus, until=results.n_steps)
        same += outcome_of(number, results.program, results.golden, recording) == results.outcomes[number]
    print(f"  {same:,} of {len(tried):,} outcomes equal those of nd.inject and nd.run")


def _moves(count: int) -> None:
    """Move networks off random dead cores."""
    rng, kept, refused, cases = np.random.default_rng(1), 0, 0, 0
    for name in (
        "digits/digits.nd.json",
        "ci/flowers.nd.json",
        "event_cnn/event_cnn.nir",
        "spiking_rnn/spiking_rnn.nir",
    ):
        network = nd.load(HERE.parent / "examples" / name)
        for target in ("loihi1", "loihi2"):
            program = nd.compile(network, target)
            for _ in range(count):
                cases += 1
                used = program.tables.core_id.tolist()
                dead = {*rng.choice(used, min(len(used), 3), replace=False), *rng.integers(0, program.target.cores, 20)}
                try:
                    nd.remap(program, sorted(int(core) for core in dead))
                    kept += 1
                except nd.DiagnosticError as error:
                    refused += error.diagnostics[0].code == "ND977"
    print(f"moved off dead cores: {kept} of {cases} keep every bit, {refused} do not fit")


def main() -> None:
    """Run all, as the options say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=10_000, help="faults of each campaign")
    parser.add_argument("--checks", type=int, default=100, help="outcomes of each that are compared with the slow way")
    parser.add_argument("--threads", type=int, default=2, help="threads")
    parser.add_argument("--moves", type=int, default=5, help="draws of dead cores for each network and target")
    given = parser.parse_args()
    for title, choices in (("stored", {}), ("one step", {"faults": STATE})):
        results = _campaign(title, given.faults, given.threads, 10, **choices)
        _checks(results, given.checks)
    _moves(given.moves)


if __name__ == "__main__":
    main()

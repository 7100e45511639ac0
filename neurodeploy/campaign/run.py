"""A campaign from its options to its result: draw, try, count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import array_sha256, json_digest
from neurodeploy.campaign.draw import Draw, draw_faults, draw_places, faults_by_core, groups_of
from neurodeploy.campaign.golden import Golden, golden_run
from neurodeploy.campaign.nouns import Campaign, CampaignOptions, FaultRow, Outcome, RatePoint
from neurodeploy.campaign.pool import Pool, Task
from neurodeploy.campaign.statistics import Share, quantile
from neurodeploy.campaign.store import OutcomeFile, read_outcomes
from neurodeploy.campaign.summary import Judge, Tried, bit_name, kind_of, layer_of, rows_by, total, worst_of
from neurodeploy.campaign.trials import run_options, trials_of
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.faults.places import core_of_rows
from neurodeploy.program.fault import Fault
from neurodeploy.program.program import Program
from neurodeploy.signals import Progress, Stimulus
from neurodeploy.simulate.run import last_step

__all__ = ["Results", "campaign_of", "results_of", "run_campaign", "try_rest"]

Ints = NDArray[np.int64]


@dataclass
class Results:
    """What a campaign draws from, what it drew, and what came of it so far."""

    program: Program
    stimulus: Stimulus
    options: CampaignOptions
    golden: Golden
    draw: Draw
    n_steps: int
    seed: int
    """Seed of noise."""
    outcomes: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    """Number -> outcome: single faults first, then the draws at rates."""
    saved: tuple[int, int] = (0, 0)
    """Steps that were run, and steps of whole runs, of the outcomes that were not read from a file."""

    @property
    def n_planned(self) -> int:
        """Single faults and draws at rates."""
        return len(self.draw.faults) + len(self.options.rates) * self.options.repeats

    @property
    def judge(self) -> Judge:
        """When a fault is critical."""
        return Judge(self.options.criterion, self.stimulus.n_samples, self.golden.right)

    def tasks(self) -> Iterator[Task]:
        """Yield what is left to try, in the order of the draw; faults at rates are drawn as they are reached."""
        for number, fault in enumerate(self.draw.faults):
            if number not in self.outcomes:
                yield number, (fault,)
        for number in range(len(self.draw.faults), self.n_planned):
            if number not in self.outcomes:
                yield number, self.at_rate(number - len(self.draw.faults))

    def at_rate(self, place: int) -> tuple[Fault, ...]:
        """Return the faults of draw `place`, counted over all rates."""
        rate, repeat = divmod(place, self.options.repeats)
        rng = np.random.default_rng([self.options.draw_seed, 1 + rate, repeat])
        return draw_places(self.draw.groups, self.options.rates[rate], rng)

    def tried(self) -> list[Tried]:
        """Return the single faults that were tried, in the order of the draw."""
        group = self.draw.group.tolist()
        return [
            Tried(fault, group[number], self.outcomes[number])
            for number, fault in enumerate(self.draw.faults)
            if number in self.outcomes
        ]

    def digest(self) -> str:
        """Return a hash of everything that outcomes depend on."""
        shown = {
            name: array_sha256(self.stimulus.rows(name)) for name in (*self.stimulus.spikes, *self.stimulus.rasters)
        }
        shown |= {f"{name} values": array_sha256(values) for name, values in self.stimulus.currents.items()}
        labels = None if self.golden.labels is None else self.golden.labels.tolist()
        chosen = self.options.model_dump(mode="json", include={"faults", "rates", "repeats", "draw_seed"})
        parts = [self.program.digest(), shown, labels, self.seed, self.n_steps, self.draw.digest(), chosen]
        return json_digest(parts)


def results_of(
    program: Program, stimulus: Stimulus, options: CampaignOptions, *, seed: int = 0, until: int | None = None
) -> Results:
    """Return the run of a `program` without faults and the faults that a campaign tries; nothing is tried yet.

    `stimulus`: what every fault meets, with labels if there are any. `options`: of the campaign. `seed`, `until`: as for nd.run.
    Raises DiagnosticError: ND979, ND980 and ND982 (options), and as nd.run.
    """
    labels = None if stimulus.labels is None else np.asarray(stimulus.labels, dtype=np.int64)
    chosen = run_options(program, seed, until)
    steps = last_step(program.network, stimulus, chosen)
    groups = groups_of(program, options, steps)
    golden = golden_run(program, stimulus, chosen, labels)
    _require_criterion(program, golden, options)
    draw = draw_faults(groups, options)
    return Results(program, stimulus, options, golden, draw, steps, seed)


def _require_criterion(program: Program, golden: Golden, options: CampaignOptions) -> None:
    """Raise ND982 where answers or labels are missing."""
    where, fixes = about("option", "criterion"), ['criterion = "spikes"']
    if golden.answers is None and (options.criterion != "spikes" or options.rates):
        what = f"criterion '{options.criterion}' reads" if options.criterion != "spikes" else "rates read"
        message = f"{what} answers, and network '{program.network.name}' has no output"
        raise DiagnosticError("faults", (finding("ND982", where, message, fixes=fixes),))
    if golden.labels is None and options.criterion == "label":
        message = "criterion 'label' needs labels, and the samples have none"
        raise DiagnosticError("faults", (finding("ND982", where, message, fixes=['criterion = "answer"']),))


def run_campaign(results: Results, *, out: Path | None = None, progress: Progress | None = None) -> Campaign:
    """Return the result of a campaign after it tried what is left of it.

    `results`: as `results_of` returns it; its outcomes are added to. `out`: file of outcomes, which is read first and appended to.
    `progress`: called with (faults tried, faults planned). After Ctrl-C the result is that of the faults that were tried.

    Raises DiagnosticError: ND001, ND007 and ND012 (the file), ND981 (it is of another campaign).
    """
    digest = results.digest() if out is not None else ""
    if out is not None:
        results.outcomes.update(read_outcomes(out, digest, results.n_planned))
    with ExitStack() as stack:
        file = None if out is None else stack.enter_context(OutcomeFile(out, digest))

        def done(outcome: Outcome) -> None:
            if file is not None:
                file.append(outcome)
            results.outcomes[outcome.number] = outcome
            if progress is not None:
                progress(len(results.outcomes), results.n_planned)

        if progress is not None:
            progress(len(results.outcomes), results.n_planned)
        if len(results.outcomes) < results.n_planned:
            try_rest(results, done)
    return campaign_of(results)


def try_rest(results: Results, done: Callable[[Outcome], None]) -> bool:
    """Try what is left of a campaign, call `done` with each outcome, and return whether all of it was tried.

    `results`: of the campaign; `done` adds the outcomes to it.
    """
    options = run_options(results.program, results.seed, results.n_steps)
    every = results.options.checkpoints
    trials = trials_of(results.program, results.stimulus, results.golden, options, every)
    pool = Pool(trials, results.options.threads)
    pool.run(results.tasks(), done)
    results.saved = pool.saved()
    return not pool.stopped


def campaign_of(results: Results) -> Campaign:
    """Return the result of what a campaign has tried so far, as `results` hold it."""
    options, judge, tried = results.options, results.judge, results.tried()
    sizes, confidence = results.draw.sizes, results.options.confidence
    critical = total(tried, sizes, judge.critical, confidence)
    n_drawn, labels = len(tried), results.golden.labels
    complete = len(results.outcomes) == results.n_planned
    return Campaign(
        network=results.program.network.name,
        program_digest=results.program.digest(),
        options=options,
        n_samples=judge.n_samples,
        n_steps=results.n_steps,
        accuracy=None if labels is None or results.golden.answers is None else judge.right / judge.n_samples,
        n_faults=sum(sizes),
        n_planned=len(results.draw.faults),
        n_drawn=n_drawn,
        critical=critical,
        masked=total(tried, sizes, lambda outcome: outcome.outputs == 0, confidence),
        by_kind=_rows(results, tried, kind_of),
        by_layer=_rows(results, tried, layer_of),
        by_bit=_bit_rows(results, tried),
        by_core=_core_rows(results, tried),
        worst=worst_of(tried),
        rates=tuple(_rate_points(results)),
        complete=complete,
        findings=tuple(_findings(results, critical, complete=complete)),
    )


def _findings(results: Results, critical: Share | None, *, complete: bool) -> Iterator[Diagnostic]:
    where, options = about("network", results.program.network.name), results.options
    if not complete:
        message = f"has met {len(results.outcomes):,} of {results.n_planned:,} planned faults"
        yield finding("ND983", where, message, fixes=["start it again with the same file of outcomes"])
    if options.limit is not None and critical is not None and critical.value > options.limit:
        message = f"has {critical.value:.2%} critical faults ({critical.low:.2%} to {critical.high:.2%})"
        yield finding("ND984", where, message, found=round(critical.value, 6), limit=options.limit)


# --- rows


def _rows(results: Results, tried: Sequence[Tried], key: Callable[[Fault], str]) -> tuple[FaultRow, ...]:
    """Rows that hold whole groups."""
    groups = results.draw.groups
    names = [(key(item.fault(0)), number) for number, item in enumerate(groups)]
    return rows_by(tried, results.judge, results.options.confidence, key, lambda group, _: len(groups[group]), names)


def _bit_rows(results: Results, tried: Sequence[Tried]) -> tuple[FaultRow, ...]:
    """Rows of one bit of one register or field of one layer."""
    groups, names = results.draw.groups, list[tuple[str, int]]()
    for number, item in enumerate(groups):
        if item.stratum.field is not None:
            label = bit_name(item.fault(0))
            assert label is not None, "internal: a field has bits"
            names += [(f"{label.rpartition(' ')[0]} {bit}", number) for bit in item.bits]
    sizes = [len(item) // len(item.bits) for item in groups]
    return rows_by(tried, results.judge, results.options.confidence, bit_name, lambda group, _: sizes[group], names)


def _core_rows(results: Results, tried: Sequence[Tried]) -> tuple[FaultRow, ...]:
    """Rows of the logical core that holds what is faulty, by number; cores of which no fault was tried have none."""
    program, core = results.program, core_of_rows(results.program)
    targets = {item.name: item.target for item in program.network.projections}

    def key(fault: Fault) -> str | None:
        name = fault.population or targets.get(fault.projection or "")
        neuron = fault.neuron if fault.population else fault.post
        if name is not None and neuron is not None:
            return f"core {core[program.table_rows[name][neuron]]}"
        return None if fault.core is None else f"core {fault.core}"

    sizes = [faults_by_core(program, group) for group in results.draw.groups]
    met = {key(item.fault) for item in tried}
    names = [
        (f"core {core}", number)
        for number, counts in enumerate(sizes)
        for core in np.flatnonzero(counts).tolist()
        if f"core {core}" in met
    ]

    def size(group: int, name: str) -> int:
        return int(sizes[group][int(name.split()[1])])

    found = rows_by(tried, results.judge, results.options.confidence, key, size, names)
    return tuple(sorted(found, key=lambda row: int(row.name.split()[1])))


def _rate_points(results: Results) -> Iterator[RatePoint]:
    """Accuracy at each rate of which all draws were tried."""
    options, first, n_samples = results.options, len(results.draw.faults), results.stimulus.n_samples
    t, places = quantile(options.confidence), sum(item.n_places for item in results.draw.groups)
    for number, rate in enumerate(options.rates):
        begin = first + number * options.repeats
        found = [results.outcomes.get(begin + repeat) for repeat in range(options.repeats)]
        known = [item for item in found if item is not None]
        if len(known) < options.repeats:
            continue
        labelled = results.golden.labels is not None
        right = [item.right if labelled else n_samples - item.answers for item in known]
        shares = np.array(right, dtype=np.float64) / n_samples
        mean, half = float(shares.mean()), t * float(shares.std(ddof=1)) / np.sqrt(shares.size)
        yield RatePoint(
            rate=rate,
            n_faults=rate * places,
            n_repeats=len(known),
            accuracy=mean,
            low=max(0.0, mean - half),
            high=min(1.0, mean + half),
        )

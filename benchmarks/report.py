"""The results of a race as tables. Reads the same data that --json writes."""

from __future__ import annotations

from typing import Any

from marks import judge
from rich.console import Console
from rich.table import Table

__all__ = ["show"]

IDLE = 0.5
"""Load average below which nothing else is running."""

NOTES = """\
[bold]What the figures are[/]
steps/s     ours: `nd.run` with recording on and one thread, median of the repeats, less the time of a run of one
            step, as the peers' figures leave out their build; "whole call" leaves nothing out. Peers: their steps alone.
ratio       ours over the peer's, median over the repeats of pairs taken one after the other in this run; where a network
            starts from rest, both over the same number of steps.
spikes      "same": the spikes of every neuron are equal, over the steps the peer ran. Peers with other arithmetic show
            their number of spikes in per cent of ours instead.
event       a weight that is not 0, added to an accumulator.
bare loop   delivery of the same spikes into int32 accumulators and nothing else, by the fastest loops we know: int8 rows
            four spikes a pass (dense); u16 targets, int8 weights, unrolled, rows prefetched (sparse, by four);
            above 65,536 targets sorted by tile of targets first (tiled); one contiguous run of additions for each kernel
            row (conv). All loops are in bare.py. The plain loop takes u32 targets one by one.
copy        bytes of weights and indices that the loop has to read, of the bytes per second that a large array is copied
            with (read and written). It shows how close memory bandwidth is to being the limit.
batch       how much faster two samples run on the threads given than on one; within: one sample.
memory      peak of a process that loads the program and runs it, above one with a single neuron; "of synapses": without
            the rows of its input and recorded spikes, over the bytes of the program's synapse entries; "of tables":
            over the bytes of all its core tables, axons and list offsets included; "of which run": added by the run.
w7          times and rates behind the burst of a start from rest; a real-time factor of 2 takes 2 s for a biological second.
start       new processes with empty caches; bytecode is there, as pip leaves it. Compilations: the first of a process.
"""


def _number(value: float | None, digits: int = 3) -> str:
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{float(f'{value:.{digits}g}'):,.0f}"
    return f"{value:.{digits}g}"


def _megabytes(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e6:,.1f}"


def _ours(results: dict[str, Any]) -> Table:
    table = Table(title="the emulator, one thread", title_justify="left", header_style="bold")
    columns = ["workload", "steps/s", "whole call", "not recording", "events/step", "M events/s", "ns/event"]
    columns += ["of bare", "of plain", "of copy", *_thread_heads(results)]
    for name in columns:
        table.add_column(name, justify="left" if name == "workload" else "right")
    for key, item in results.items():
        if "failed" in item:
            table.add_row(key, "[red]" + item["failed"][:60])
            continue
        bare, threads = item["bare"], item["threads"]
        table.add_row(
            f"{key}  {item['title']}",
            _number(item["steps_per_s"]),
            _number(item["whole_call_steps_per_s"]),
            _number(item["recording_off_steps_per_s"]),
            _number(item["events_per_step"], 6),
            _number(item["events_per_s"] / 1e6),
            _number(item["ns_per_event"]),
            *(_number(bare.get(name), 2) for name in ("share", "plain_share", "copy_share")),
            _number(threads["batch"]) + "x",
            _number(threads["within"]) + "x",
        )
    return table


def _thread_heads(results: dict[str, Any]) -> tuple[str, str]:
    threads = next((str(item["threads"]["n"]) for item in results.values() if "threads" in item), "n")
    return f"batch x{threads}", f"within x{threads}"


def _agreement(line: dict[str, Any]) -> str:
    found = line.get("agreement")
    if found is None:
        return "-"
    if found["identical"]:
        return "[green]same[/]"
    share = f"{100 * found['theirs'] / found['ours']:.0f} %" if found["ours"] else f"{found['theirs']}"
    return share if not line["exact"] else f"[red]{found['neurons_that_differ']} neurons differ[/]"


def _peers(results: dict[str, Any]) -> Table:
    table = Table(title="the peers", title_justify="left", header_style="bold")
    for name in ("workload", "peer", "steps/s", "M events/s", "ours is", "spikes", "steps", "peak MB"):
        left = name in ("workload", "peer")
        table.add_column(name, justify="left" if left else "right", max_width=50 if left else None)
    for key, item in results.items():
        for number, line in enumerate(item.get("peers", {}).values()):
            label = key if number == 0 else ""
            if "ratio" not in line:
                table.add_row(label, f"{line['title']}: [yellow]{line.get('reason', 'no run')}[/]")
                continue
            reached = _number(line["steps_per_s"] * item["events_per_step"] / 1e6)
            ratio = f"[bold]{_number(line['ratio'])}x[/]"
            cells = (_agreement(line), f"{line['steps']:,}", _megabytes(line.get("peak_bytes")))
            table.add_row(label, line["title"], _number(line["steps_per_s"]), reached, ratio, *cells)
        table.add_section()
    return table


def _memory(results: dict[str, Any]) -> Table:
    table = Table(title="memory, one process for each figure (MB)", title_justify="left", header_style="bold")
    for name in (
        "workload",
        "peak",
        "one neuron",
        "growth",
        "of which run",
        "synapse entries",
        "recorded",
        "of synapses",
        "all tables",
        "of tables",
    ):
        table.add_column(name, justify="left" if name == "workload" else "right")
    for key, item in results.items():
        if "memory" not in item:
            continue
        m = item["memory"]
        names = ("peak_bytes", "base_bytes", "growth_bytes", "run_growth_bytes", "entry_bytes", "rows_bytes")
        of_tables = (_megabytes(m.get("table_bytes")), _number(m.get("table_ratio")) + "x")
        table.add_row(key, *(_megabytes(m[name]) for name in names), _number(m["ratio"]) + "x", *of_tables)
    return table


def _gigabytes(value: float) -> str:
    return f"{value / 2**30:.2f} GiB"


def _microcircuit(item: dict[str, Any], console: Console) -> None:
    """W7: stages, speed by threads, and what is published for the same model."""
    console.print("[bold]w7[/]")
    if "failed" in item:
        console.print("[red]" + item["failed"])
        return
    size = f"{item['neurons']:,} neurons, {item['synapses']:,} synapses, {item['cores']} cores"
    console.print(f"{item['title']}, {size}; largest peak {_gigabytes(item['largest_peak_bytes'])}")
    table = Table(title="stages, each process from its start", title_justify="left", header_style="bold")
    for name in ("process", "stage", "s", "processor s", "peak"):
        table.add_column(name, justify="left" if name in ("process", "stage") else "right")
    runs = {f"{n} threads": item[f"threads_{n}"] for n in dict.fromkeys((1, item["n_threads"]))}
    for process, part in {"compile": item, **runs}.items():
        for number, row in enumerate(part["stages"]):
            cells = (_number(row["wall_s"]), _number(row["processor_s"]), _gigabytes(row["peak_bytes"]))
            table.add_row(process if number == 0 else "", row["stage"], *cells)
        table.add_section()
    console.print(table)
    for process, part in runs.items():
        figures = [
            f"{_number(part['steps_per_s'])} steps/s",
            f"{_number(part['events_per_s_core'] / 1e6)} M events/s per core",
            f"{_number(part['events_per_processor_s'] / 1e6)} M per processor second",
            f"real-time factor {_number(part['real_time_factor'])}",
            f"{part['events_per_biological_s'] / 1e9:.2f} G events per biological second",
            f"{part['rate_hz']:.1f} Hz per neuron",
            f"peak {_gigabytes(part['peak_bytes'])}",
        ]
        console.print(f"{process}: " + ", ".join(figures), highlight=False)
    rates = ", ".join(f"{name} {rate:.1f}" for name, rate in item["threads_1"]["rates_hz"].items())
    console.print(f"rates in Hz: {rates}", highlight=False)
    console.print(f"published: {item['anchor']}", highlight=False)


def _seconds(item: dict[str, Any]) -> str:
    if "failed" in item:
        return f"[yellow]{item['failed']}[/]"
    return f"{item['wall_s']:.3g} s, processor {item['processor_s']:.3g} s"


def _start(results: dict[str, Any], console: Console) -> None:
    """What a user waits for before anything runs; each figure is the least of several new processes."""
    if "first_result" not in results:
        return
    first = results["first_result"]
    console.print("[bold]start[/]")
    console.print(f"first result of neurodeploy run digits: {_seconds(first)}", highlight=False)
    bare = first.get("without_bytecode")
    if bare:
        console.print(f"the same without any bytecode of Python and packages: {_seconds(bare)}", highlight=False)
    console.print(f"import neurodeploy: {_seconds(results['import'])}", highlight=False)
    for key, item in results["compile"].items():
        size = f" ({item['neurons']:,} neurons, {item['cores']} cores)" if "neurons" in item else ""
        console.print(f"compiling {key}: {_seconds(item)}{size}", highlight=False)


def _marks(results: dict[str, Any]) -> Table:
    table = Table(title="marks", title_justify="left", header_style="bold")
    for name in ("mark", "wanted", "measured", ""):
        table.add_column(name, justify="left" if name in ("mark", "") else "right")
    words = {True: "[green]met[/]", False: "[red]missed[/]", None: "[dim]not measured[/]"}
    for mark in judge(results):
        sign = "<=" if mark.at_most else ">="
        wanted = f"{sign} {_number(mark.limit)} {mark.unit}".strip()
        table.add_row(
            mark.title, wanted, f"{_number(mark.found)} {mark.unit if mark.found else ''}".strip(), words[mark.met]
        )
    return table


def _loops(results: dict[str, Any], console: Console) -> None:
    for key, item in results.items():
        if "bare" not in item:
            continue
        bare = item["bare"]
        if "reason" in bare:
            console.print(f"bare loop of {key}: [yellow]{bare['reason']}[/]")
            continue
        extra = f"; expanded {_number(bare['expanded_steps_per_s'])} steps/s" if "expanded_steps_per_s" in bare else ""
        loops = ", ".join(dict.fromkeys(bare["loops"]))
        console.print(
            f"bare loop of {key}: {_number(bare['steps_per_s'])} steps/s, {_number(bare['events_per_s'] / 1e6)} M events/s ({loops}{extra})"
        )


def show(results: dict[str, Any], console: Console) -> None:
    """Print tables and notes."""
    machine, workloads = results["machine"], results["workloads"]
    console.print(f"[bold]{machine['cpu']}[/], {machine['cores']} cores, Python {machine['python']}, {results['date']}")
    console.print(
        ", ".join(f"{name} {number}" for name, number in machine.get("versions", {}).items()), highlight=False
    )
    load = ", ".join(f"{item:.2f}" for item in (machine["load_before"], machine["load_after"]))
    console.print(f"load average before and after: {load}; medians of {results['repeats']} repeats taken in turn")
    if machine["load_before"] > IDLE or machine["load_after"] > 1 + IDLE:  # one is the race itself
        console.print(
            "[yellow]Other work ran on this machine: trust ratios between single threads to a factor of 1.5, "
            "and neither shares of the bare loop nor the figures of several threads.[/]"
        )
    parts = [part(workloads) for part in (_ours, _peers, _memory) if workloads]
    for table in parts:
        console.print()
        console.print(table)
    if "w7" in results:
        console.print()
        _microcircuit(results["w7"], console)
    console.print()
    _start(results, console)
    console.print()
    console.print(_marks(results))
    console.print()
    _loops(workloads, console)
    console.print()
    console.print(NOTES, highlight=False)

"""Try faults on the digit classifier: which bits are critical, what more faults at once cost, and what helps.

    python examples/digits_under_faults.py

Needs numpy. Single bits of stored weights and registers are flipped, neurons die; ten digits meet each fault on the emulator.
Then a core is dead, and the program moves to another with the same bits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import neurodeploy as nd

HERE = Path(__file__).parent


def main() -> None:
    """Run the campaign and print what it says."""
    data = np.load(HERE / "digits" / "digits.stimulus.npz")
    program = nd.compile(nd.load(HERE / "digits" / "digits.nd.json"), "loihi1")
    found = nd.fault_campaign(
        program, data["inputs"][:10], labels=data["labels"][:10], margin=0.03, rates=(1e-3, 1e-2), repeats=10
    )
    assert found.critical is not None
    share = found.critical
    print(
        f"{found.n_drawn:,} of {found.n_faults:,} faults: {share.value:.2%} change an answer, at most {share.high:.2%}"
    )
    for row in found.by_layer:
        assert row.critical is not None
        print(f"  {row.name}: {row.critical.value:.2%}")
    for point in found.rates:
        print(f"rate {point.rate:g}: accuracy {point.accuracy:.1%} ({point.low:.1%} to {point.high:.1%})")
    moved = nd.remap(program, avoid_cores=[int(core) for core in program.tables.core_id])
    print(f"moved {moved.moves[0].before} -> {moved.moves[0].after}: same bits on {moved.n_samples} samples")


if __name__ == "__main__":
    main()

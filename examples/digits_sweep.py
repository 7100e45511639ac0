"""Digits: how many bits of a weight and how many steps does the network need? A sweep of both, its best points and a picture.

    python examples/digits_sweep.py

Each of 24 points compiles the network, runs 360 images on the exact emulator and models energy and time. Points run on all
processors; results are kept in digits-sweep.results, so that a second start, also after a kill, goes on.
"""

from pathlib import Path

import neurodeploy as nd

FOLDER = Path(__file__).parent / "digits"
SPACE = {"weight_bits": [2, 3, 4, 5, 6, 8], "steps": [4, 8, 16, 32]}


def main() -> None:
    network, samples = nd.load(FOLDER / "digits.nd.json"), nd.load(FOLDER / "digits.stimulus.npz")
    digits = nd.Deployment(network=network, samples=samples)
    result = nd.sweep(SPACE, digits, store="digits-sweep.results", progress=nd.progress("points"))

    print(f"{len(result.rows)} points of {SPACE['weight_bits']} bits and {SPACE['steps']} steps")
    print("\nthe best ones: no other point is more accurate for as little energy\n")
    print("bits  steps  accuracy   energy  latency")
    for row in nd.pareto(result, maximize="accuracy", minimize="energy_j"):
        bits, steps, found = row.values["weight_bits"], row.values["steps"], row.measures
        print(
            f"{bits:4}  {steps:5}  {found['accuracy']:8.1%}  {found['energy_j'] * 1e9:4.0f} nJ  {found['latency_s'] * 1e6:4.0f} us"
        )
    nd.plot.pareto(result, "energy_j", "accuracy", colour="weight_bits").figure.savefig("digits-sweep.png")
    print("\npicture: digits-sweep.png")

    accuracy = {(row.values["weight_bits"], row.values["steps"]): row.measures["accuracy"] for row in result.rows}
    most, least = (max(accuracy), min(accuracy))
    assert accuracy[most] > 0.9, f"{most} should tell digits apart, got {accuracy[most]:.0%}"
    assert accuracy[most] > accuracy[least], f"fewer bits and steps should cost accuracy, got {accuracy}"


if __name__ == "__main__":
    main()

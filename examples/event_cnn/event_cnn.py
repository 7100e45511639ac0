"""A convolutional spiking network names shapes in recordings of an event camera, read from files in the format of N-MNIST.

    python examples/event_cnn/event_cnn.py

The recordings are made here, so that there is nothing to download: a shape of some size, angle, place and contrast lies before
a camera of 24 x 24 pixels, which makes three saccades, as the one of N-MNIST did. A pixel sends an event wherever its
brightness has changed by the pixel's own threshold, and now and then for no reason. `train.py` in this folder trained the
network as the spikes that it is, and wrote it as NIR.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

import neurodeploy as nd

SHAPES = ("disc", "ring", "triangle", "square", "star")
N_TEST, TEST_SEED = 400, 2
SIDE, SACCADE_US, GLANCE_US = 24, 20_000, 1_000
CORNERS = np.array([[-3, -3], [0, 3], [3, -3], [-3, -3]])
"""Column and row of a shape before, between and after the saccades, in pixels from the middle."""


def filled(kind: NDArray[np.int_], size: NDArray[np.float64], xy: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Return how much of each pixel its shape fills, from 0 to 1; `xy`: places from the middle of the shape."""
    distance, angle, n = np.abs(xy), np.angle(xy), np.where(kind == 2, 3, 4)
    polygon = 1.1 * np.cos(np.pi / n) / np.cos(angle % (2 * np.pi / n) - np.pi / n)
    edge = size * np.select([kind <= 1, kind <= 3], [1.0, polygon], 0.85 + 0.35 * np.cos(5 * angle))
    hole = np.where(kind == 1, size / 2, -np.inf)
    return 1 / (1 + np.exp(3 * (distance - edge))) - 1 / (1 + np.exp(3 * (distance - hole)))


def events(n: int, seed: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return rows of sample, microsecond, column, row and polarity, in the order of samples and times, and the kinds (n,)."""
    rng, grid, rows = np.random.default_rng(seed), np.arange(SIDE) - (SIDE - 1) / 2, []
    pixels, one = (n, SIDE, SIDE), (n, 1, 1)
    kind, size, turn = rng.integers(len(SHAPES), size=one), rng.uniform(5, 8, one), rng.uniform(0, 2 * np.pi, one)
    start, contrast = rng.uniform(-2, 2, (2, *one)), rng.choice([-1, 1], one) * rng.uniform(0.6, 1.2, one)
    threshold, seen = rng.normal(0.2, 0.03, pixels), np.zeros(pixels)
    for glance in range(0, 3 * SACCADE_US, GLANCE_US):
        number, part = divmod(glance, SACCADE_US)
        column, row = CORNERS[number] + (CORNERS[number + 1] - CORNERS[number]) * part / SACCADE_US
        xy = (grid - start[0] - column) + 1j * (grid[:, None] - start[1] - row)
        now = contrast * filled(kind, size, xy * np.exp(1j * turn))
        seen = seen if glance else now + threshold * rng.uniform(-1, 1, pixels)
        change = np.trunc((now - seen) / threshold)
        seen += change * threshold
        change += (rng.random(pixels) < 1e-4) * rng.choice([-1, 1], pixels)
        sample, y, x = np.nonzero(change)
        t = glance + rng.integers(GLANCE_US, size=len(sample))
        rows.append(np.stack([sample, t, x, y, change[sample, y, x] > 0], axis=1))
    found = np.concatenate(rows)
    return found[np.lexsort((found[:, 1], found[:, 0]))], kind.ravel()


def write(folder: Path, rows: NDArray[np.int_], kinds: NDArray[np.int_]) -> None:
    """Write a file of N-MNIST for each sample, in folders of its kind: column, row, a bit of polarity, 23 of microseconds."""
    sample, t, x, y, p = rows.T
    content = np.stack([x, y, (p << 7) | (t >> 16), (t >> 8) & 255, t & 255], axis=1).astype(np.uint8)
    for number, kind in enumerate(kinds):
        path = folder / str(kind) / f"{number:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[sample == number].tobytes())


def main() -> None:
    program = nd.compile(nd.load(Path(__file__).with_name("event_cnn.nir")), target="loihi1")
    with TemporaryDirectory() as folder:
        write(Path(folder), *events(N_TEST, TEST_SEED))
        samples = nd.load_events(folder, program)
    floats, chip = (nd.run(program, samples, backend=name) for name in ("reference", "emulator"))
    answered = confusion_matrix(samples.labels, nd.answers(program, chip))
    print(f"{'recording of':>12}   called a {' '.join(f'{name:>8}' for name in SHAPES)}")
    for name, row in zip(SHAPES, answered, strict=True):
        print(f"{name:>12} {'':11}{' '.join(f'{count:8}' for count in row)}")
    right = [nd.accuracy(program, recording, samples.labels) for recording in (floats, chip)]
    cost = nd.profile(program, chip)
    print(f"\naccuracy in {N_TEST} recordings: {right[0]:.1%} with floats, {right[1]:.1%} on the chip")
    print(f"{cost.cores} cores, {1e6 * cost.energy_per_inference.value:.2f} uJ for a recording (modelled)")
    assert right[1] >= max(0.97, right[0] - 0.01)


if __name__ == "__main__":
    main()

"""A communication channel learns on a chip: a population of neurons is decoded by weights that its own error corrects.

    python examples/learning_channel.py

A value between -1 and 1 arrives as spikes on two lines, one for each sign, and drives 100 neurons that are tuned at random.
Ten pairs of neurons, on and off, shall spike at the difference of rates that the value asks for; the weights to them begin at
0. Ten pairs of error neurons integrate the difference between the decoded and the wanted value, and their spikes are the error
of the rule PES (prescribed error sensitivity):

    w += rate * x * e        every 4 steps: x a trace of the source, e the error, -e for on and +e for off neurons

Everything happens in spikes between cores; the host only shows the value. After learning, the weights are fixed, and another
signal is sent through the channel. The rule is bit for bit that of nengo-loihi 1.1.0, whose authors know that its emulator and
the chip learn differently. Sources: MacNeil and Eliasmith, PLoS ONE 6(9), 2011, e22885; Voelker, A Solution to the Dynamics
of the Prescribed Error Sensitivity Learning Rule, 2015. Where matplotlib is installed, the picture is learning_channel.png.
"""

import numpy as np

import neurodeploy as nd

NEURONS, PAIRS = 100, 10
INPUT_RATE, DECODED_RATE = 0.8, 0.4
"""Spikes per step of an input line, and of a decoded neuron, for the value 1."""
PERIOD, CYCLES = 800, 4
WINDOW = 50
"""Steps over which spikes are averaged to print a value."""
TAU_SYN, TAU_M, THRESHOLD = 5.1, 20, 1000
ERROR_WEIGHT = 50


def tuning(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the (NEURONS,) weights of the value and biases: each neuron begins to spike at a value of its own."""
    rng = np.random.default_rng(seed)
    sign, start, top = np.repeat([-1, 1], NEURONS // 2), rng.uniform(-0.9, 0.7, NEURONS), rng.uniform(150, 250, NEURONS)
    gain = top / (1 - start)
    return sign * gain / TAU_SYN / INPUT_RATE, THRESHOLD / TAU_M - gain * start


def channel(seed: int = 0) -> nd.Network:
    """Return the network; `seed` draws the tuning of its neurons."""
    weights, biases = tuning(seed)
    ensemble = nd.LoihiCuba(
        du=800,
        dv=4096 // TAU_M,
        vth_mant=THRESHOLD,
        bias_mant=np.rint(biases).astype(int),
        bias_exp=6,
        refractory_steps=1,
    )
    both_signs, finer = {"weight_bits": 8, "exponent": 1}, {"weight_bits": 8}
    of_value = np.rint(weights / 2).astype(int)
    pair = np.eye(PAIRS, dtype=int)
    decoded_minus_wanted = ERROR_WEIGHT * np.block([[pair, -pair], [-pair, pair]])
    wanted = int(ERROR_WEIGHT * DECODED_RATE / INPUT_RATE) * np.repeat([[-1, 1], [1, -1]], PAIRS, axis=0)
    rule = nd.Pes(error="error", error_scale=127, trace=nd.Trace(impulse=20, tau_steps=5))
    return nd.Network(
        name="channel",
        time=nd.Time(dt_s=1e-3),
        inputs=[nd.Input(name="value", shape=2)],
        populations=[
            nd.Population(name="ensemble", shape=NEURONS, neuron=ensemble),
            nd.Population(
                name="decoded", shape=2 * PAIRS, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=200, vmin_exp=15)
            ),
            nd.Population(name="error", shape=2 * PAIRS, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=200, vmin_exp=10)),
        ],
        projections=[
            nd.dense("value", "ensemble", np.stack([of_value, -of_value], axis=1), weight_format=both_signs),
            nd.dense(
                "ensemble",
                "decoded",
                np.zeros((2 * PAIRS, NEURONS), dtype=int),
                weight_format=finer,
                plasticity=rule,
            ),
            nd.dense("decoded", "error", decoded_minus_wanted, weight_format=finer),
            nd.dense("value", "error", wanted, weight_format=finer),
        ],
        outputs=[nd.Output(name="decoded", source="decoded")],
    )


def spikes_of(values: np.ndarray) -> np.ndarray:
    """Return the (1, steps, 2) spikes whose rates are the positive and the negative part of (steps,) values."""
    parts = np.stack([np.maximum(values, 0), np.maximum(-values, 0)], axis=1) * INPUT_RATE
    return np.diff(np.floor(parts.cumsum(axis=0)), axis=0, prepend=0)[None]


def mean_of_window(values: np.ndarray) -> np.ndarray:
    """Return the mean of the last WINDOW steps at each step."""
    return np.convolve(values, np.full(WINDOW, 1 / WINDOW))[: len(values)]


def decoded(recording: nd.Recording, steps: int) -> np.ndarray:
    """Return the (steps,) value that the decoded neurons say, a mean over WINDOW steps."""
    _, step, neuron = recording.spikes["decoded"].T
    signs = np.bincount(step, np.where(neuron < PAIRS, 1.0, -1.0), minlength=recording.n_steps + 1)
    return mean_of_window(signs[1 : steps + 1]) / PAIRS / DECODED_RATE


def draw(shown: dict[str, tuple[np.ndarray, np.ndarray]], errors: np.ndarray) -> None:
    """Save the signals sent and decoded, and the error over time, where matplotlib is installed."""
    try:
        import matplotlib as mpl
    except ImportError:
        return
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with nd.plot.style():
        figure, axes = plt.subplots(1, 3, figsize=(7, 2), layout="constrained")
        for ax, (title, (wanted, found)) in zip(axes, shown.items(), strict=False):
            ax.plot(wanted, color="grey", label="sent")
            ax.plot(found, label="decoded")
            ax.set(title=title, xlabel="step", ylim=(-1.3, 1.3))
        axes[0].set_ylabel("value")
        axes[1].legend(loc="lower left")
        axes[2].plot((np.arange(len(errors)) + 0.5) * PERIOD / 2, errors, marker="o", markersize=3)
        axes[2].set(title="error", xlabel="step", ylabel="mean difference", ylim=(0, None))
        figure.savefig("learning_channel.png")


def main() -> None:
    program = nd.compile(channel(), "loihi1")
    steps = CYCLES * PERIOD
    wave = 0.9 * np.sin(2 * np.pi * np.arange(steps) / PERIOD)
    lesson = nd.run(program, {"value": spikes_of(wave)})
    found, wanted = decoded(lesson, steps), mean_of_window(wave)
    errors = np.abs(found - wanted).reshape(-1, PERIOD // 2).mean(axis=1)
    print(f"{steps} steps of learning; mean error of each half wave:\n  {' '.join(f'{error:.3f}' for error in errors)}")

    t = np.arange(PERIOD)
    other = 0.5 * np.sin(2 * np.pi * t / PERIOD) + 0.4 * np.cos(2 * np.pi * 2 * t / PERIOD)
    results = {
        name: decoded(nd.run(program, {"value": spikes_of(other)}, learn="off", learned=learned), PERIOD)
        for name, learned in (("before", None), ("after", lesson.learned))
    }
    wanted_other = mean_of_window(other)
    before, after = (float(np.abs(value - wanted_other).mean()) for value in results.values())
    print(f"another signal, weights fixed: mean error {before:.3f} before learning, {after:.3f} after")
    weights = lesson.learned.synapses["ensemble_to_decoded.w"]
    print(f"{weights.size} weights: all 0 before, {weights.min()} to {weights.max()} after")
    draw({"while it learns": (wanted, found), "another signal": (wanted_other, results["after"])}, errors)
    assert errors[-2:].mean() < 0.4 * errors[:2].mean()
    assert after < 0.3 * before


if __name__ == "__main__":
    main()

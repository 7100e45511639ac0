"""A bandit on a chip: cores learn from rewards which of three arms pays most often.

    python examples/learning_bandit.py

In each trial a cue excites three neurons, the arms, which inhibit each other; noise decides a race between equals. The arm
with the most spikes is pulled, and the host sends a spike on the line `reward` or on the line `failure`, four steps after the
cue. The weights from the cue to the arms learn where the spikes are, by a rule of three factors:

    dt = 2^-1*x1*y0 - 2^-3*u0*t            synapses of an arm that spikes after the cue are tagged; the tag fades
    dw = 2^-5*u0*t*y2 - 2^-5*u0*t*y3       a reward (y2) strengthens tagged synapses, a failure (y3) weakens them

The host only plays the environment: it reads spikes and sends spikes, trial by trial. A twin gets its rewards by chance,
whatever it pulls. Eight agents play side by side, as samples that learn apart. The rule runs as in lava-nc's model, whose authors
say that it approximates the chip. Source of the idea: Fremaux and Gerstner, Frontiers in Neural Circuits 9:85, 2016. Where
matplotlib is installed, the curve is saved as learning_bandit.png.
"""

import numpy as np

import neurodeploy as nd

CHANCES = np.array([0.2, 0.8, 0.2])
"""Chance of a reward of each arm."""
BEST = int(CHANCES.argmax())
AGENTS, TRIALS, BLOCK = 8, 100, 20
CUE_LINES, CUE_STEPS, DECIDED, TRIAL_STEPS = 8, 8, 12, 20
"""The cue lasts CUE_STEPS; after step DECIDED of a trial the arm is read, and the outcome is sent in the step after it."""

RULE = nd.SumOfProducts(
    dw="2^-5*u0*t*y2 - 2^-5*u0*t*y3",
    dt="2^-1*x1*y0 - 2^-3*u0*t",
    x1=nd.Trace(impulse=16, tau_steps=4),
    third_factors=[
        nd.ThirdFactor(source="reward", trace="y2", weight=64),
        nd.ThirdFactor(source="failure", trace="y3", weight=64),
    ],
)


def bandit() -> nd.Network:
    """Return the network; all arms begin with the same weights."""
    arms = nd.LoihiCuba(du=4095, dv=400, vth_mant=2000, noise={"at": "membrane", "exponent": 15})
    n = len(CHANCES)
    return nd.Network(
        name="bandit",
        time=nd.Time(dt_s=1e-3),
        inputs=[
            nd.Input(name="cue", shape=CUE_LINES),
            nd.Input(name="reward", shape=1),
            nd.Input(name="failure", shape=1),
        ],
        populations=[nd.Population(name="arms", shape=n, neuron=arms)],
        projections=[
            nd.dense(
                "cue",
                "arms",
                np.full((n, CUE_LINES), 100),
                weight_format={"weight_bits": 8, "sign_mode": "excitatory"},
                plasticity=RULE,
            ),
            nd.dense(
                "arms",
                "arms",
                -255 * (1 - np.eye(n, dtype=int)),
                weight_format={"weight_bits": 8, "exponent": 4, "sign_mode": "inhibitory"},
            ),
        ],
        outputs=[nd.Output(name="choice", source="arms")],
    )


def play(program: nd.Program, *, by_choice: bool) -> tuple[np.ndarray, nd.Recording]:
    """Play all trials, and return the (TRIALS, AGENTS) arms pulled and the last recording.

    `by_choice`: whether the reward depends on the arm; without, it comes with the mean chance.
    """
    environment = np.random.default_rng(0)
    lines = {"cue": CUE_LINES, "reward": 1, "failure": 1}
    shown = {name: np.zeros((AGENTS, TRIALS * TRIAL_STEPS, count)) for name, count in lines.items()}
    for step in range(CUE_STEPS):
        shown["cue"][:, step::TRIAL_STEPS] = 1
    pulled, state, recording = [], None, None
    for trial in range(TRIALS):
        now = trial * TRIAL_STEPS + DECIDED
        so_far = {name: values[:, :now] for name, values in shown.items()}
        recording = nd.run(program, so_far, resume=state, keep_state=True, learn="apart")
        state = recording.final_state

        sample, _, arm = recording.spikes["arms"].T
        spikes = np.zeros((AGENTS, len(CHANCES)))
        np.add.at(spikes, (sample, arm), 1)
        pulled.append((spikes + environment.random(spikes.shape) / 2).argmax(axis=1))  # a coin decides equal counts

        chance = CHANCES[pulled[-1]] if by_choice else CHANCES.mean()
        paid = environment.random(AGENTS) < chance
        shown["reward"][paid, now, 0] = 1
        shown["failure"][~paid, now, 0] = 1
    assert recording is not None
    return np.array(pulled), recording


def draw(curves: dict[str, np.ndarray]) -> None:
    """Save the share of agents that pull the best arm, over the trials, where matplotlib is installed."""
    try:
        import matplotlib as mpl
    except ImportError:
        return
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with nd.plot.style():
        figure, axes = plt.subplots(figsize=(3.4, 2.2), layout="constrained")
        for name, share in curves.items():
            smooth = np.convolve(share, np.ones(10) / 10, mode="valid")
            axes.plot(np.arange(len(smooth)) + 10, smooth, label=name)
        axes.axhline(1 / len(CHANCES), color="grey", linestyle="--", linewidth=0.8, label="chance")
        axes.set(xlabel="trial", ylabel="agents on the best arm", ylim=(0, 1.05))
        axes.legend()
        figure.savefig("learning_bandit.png")


def main() -> None:
    program = nd.compile(bandit(), "loihi1")
    print(f"chances of a reward: {', '.join(map(str, CHANCES))}; {AGENTS} agents, {TRIALS} trials")
    curves = dict[str, np.ndarray]()
    for name, by_choice in (("reward follows the choice", True), ("reward by chance", False)):
        pulled, recording = play(program, by_choice=by_choice)
        curves[name] = (pulled == BEST).mean(axis=1)
        blocks = curves[name].reshape(-1, BLOCK).mean(axis=1)
        weights = recording.learned.synapses["cue_to_arms.w"].reshape(AGENTS, CUE_LINES, -1).mean(axis=(0, 1))
        print(f"\n{name}:\n  best arm pulled, every {BLOCK} trials: {' '.join(f'{share:.0%}' for share in blocks)}")
        print(f"  mean weight of the arms: 100 before, {' '.join(f'{weight:.0f}' for weight in weights)} after")
    draw(curves)
    learned, twin = (share[-BLOCK:].mean() for share in curves.values())
    assert learned > 0.9
    assert twin < 0.6


if __name__ == "__main__":
    main()

"""A spiking recurrent network reads sentences word by word and says whether they praise: accuracy, precision, recall, F1.

    python examples/spiking_rnn/spiking_rnn.py

A word is a spike of its own line; the synapses of that line are the word's embedding. Recurrent synapses carry what was read
so far, which decides here: "not" turns what follows, and after "but" only what follows counts. The network was trained as the
spikes that it is, by `train.py` in this folder, because a recurrent network of real numbers is not converted, and written as
NIR. The sentences are made from templates, all different, so that there is nothing to download.
"""

from pathlib import Path

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

import neurodeploy as nd

THINGS = ["film", "plot", "cast", "music", "ending", "story"]
BLAME = ["dull", "awful", "boring", "weak", "silly", "terrible"], ["hated", "disliked", "regretted"]
PRAISE = ["wonderful", "brilliant", "moving", "funny", "great", "charming"], ["liked", "loved", "enjoyed"]
OTHERS = ["the", "was", "i", "not", "never", "but", "and", "very", "really"]
WORDS = [*OTHERS, *THINGS, *BLAME[0], *PRAISE[0], *BLAME[1], *PRAISE[1]]
N_TRAINING, N_TEST = 4000, 1000
LONGEST, STEPS_OF_A_WORD = 13, 2


def clause(rng: np.random.Generator, praises: int) -> list[str]:
    """Return a clause that praises (1) or blames (0); every second one does so by a negation."""
    thing, negated = str(rng.choice(THINGS)), int(rng.integers(2))
    adjectives, verbs = PRAISE if praises ^ negated else BLAME
    if rng.integers(3) == 0:
        really = ["really"] * int(rng.integers(2))
        return ["i", *["never"] * negated, *really, str(rng.choice(verbs)), "the", thing]
    adverb = [["very"], ["really"], []][rng.integers(3)]
    return ["the", thing, "was", *["not"] * negated, *adverb, str(rng.choice(adjectives))]


def sentences() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return (sentences, steps, words) spikes, (sentences,) 1 for praise, and the texts; the last N_TEST are for tests."""
    rng, found = np.random.default_rng(0), dict[str, int]()
    while len(found) < N_TRAINING + N_TEST:
        praises, form = int(rng.integers(2)), rng.integers(4)
        words = clause(rng, praises)
        if form:  # 1: the same judgement twice; 2 and 3: only the second one counts
            words = [*clause(rng, praises if form == 1 else 1 - praises), "and" if form == 1 else "but", *words]
        found[" ".join(words)] = praises
    spikes = np.zeros((len(found), LONGEST * STEPS_OF_A_WORD, len(WORDS)))
    for row, text in zip(spikes, found, strict=True):  # silence first, so that all sentences end in the same step
        for place, word in enumerate(reversed(text.split()), 1):
            row[(LONGEST - place) * STEPS_OF_A_WORD, WORDS.index(word)] = 1
    return spikes, np.array(list(found.values())), list(found)


def main() -> None:
    network = nd.load(Path(__file__).with_name("spiking_rnn.nir"))
    once = [item for item in network.projections if item.source != item.target]
    forgetful = network.model_copy(update={"projections": tuple(once)})
    spikes, labels, texts = (item[-N_TEST:] for item in sentences())
    table = []
    for net, backend in ((forgetful, "reference"), (network, "reference"), (network, "emulator")):
        program = nd.compile(net, target="loihi1")
        recording = nd.run(program, {"words": spikes}, backend=backend)
        answers = nd.answers(program, recording)
        precision, recall, f1, _ = precision_recall_fscore_support(labels, answers, average="binary")
        table.append([nd.accuracy(program, recording, labels), precision, recall, f1])
    for text, answer in zip(texts[:4], answers, strict=False):
        print(f"{'praises' if answer else 'blames '} | {text}")
    print(f"\n{N_TEST} new sentences   accuracy precision recall    F1")
    for name, row in zip(("floats, no recurrence", "floats", "chip"), table, strict=True):
        print(f"{name:21} {row[0]:9.1%} {row[1]:9.1%} {row[2]:6.1%} {row[3]:6.1%}")
    cost = nd.profile(program, recording)
    print(f"\n{cost.cores} core, {1e6 * cost.energy_per_inference.value:.2f} uJ for a sentence (modelled)")
    assert np.abs(np.subtract(table[2], table[1])).max() <= 0.01


if __name__ == "__main__":
    main()

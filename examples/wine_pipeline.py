"""Wine: a whole pipeline of scikit-learn, scaler, principal components and network, becomes one spiking network.

    python examples/wine_pipeline.py

13 chemical measurements, from 0.1 to 1,680 and each in its own unit, tell three growers apart. The scaler and the projection
are fixed sums, so that nd.convert folds them into the synapses of the first layer: the chip is shown the measurements as they
are, and the encoder sends each as a rate between the smallest and the largest value of the calibration. Labels may be the
names of classes. Data: Wine of M. Forina and others, UCI, 1991, CC BY 4.0, which comes with scikit-learn (BSD-3-Clause).
"""

import numpy as np
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurodeploy as nd

STEPS = 16
GROWERS = np.array(["north", "middle", "south"])
"""Made-up names; the data set numbers its growers."""


def main() -> None:
    x, y = load_wine(return_X_y=True)
    growers = GROWERS[y]
    x_train, x_test, y_train, y_test = train_test_split(x, growers, test_size=60, stratify=growers, random_state=0)
    network = MLPClassifier((32,), solver="lbfgs", max_iter=1000, random_state=0)
    model = make_pipeline(StandardScaler(), PCA(8), network).fit(x_train, y_train)

    converted = nd.convert(model, calibration=x_train, labels=y_train, target="loihi1", steps=STEPS)
    for line in converted.ledger[:5]:  # the steps of the pipeline, the input, the layers
        print(f"{line.subject}: {line.asked} -> {line.got}")

    program = nd.compile(converted, target="loihi1")
    recording = nd.run(program, x_test)
    places = nd.answers(program, recording)  # 0, 1 or 2; classes_ has the name of each, in alphabetical order
    cost = nd.profile(program, recording, labels=np.searchsorted(model.classes_, y_test))
    answers = model.classes_[places]
    same = int((answers == model.predict(x_test)).sum())

    print(
        f"\ncorrect: {model.score(x_test, y_test):.1%} by scikit-learn, {cost.accuracy:.1%} by the chip in {STEPS} steps"
    )
    print(f"same answer for {same} of {len(x_test)} wines, the first five: {', '.join(answers[:5])}")
    print(f"{cost.cores} core, {1e6 * cost.energy_per_inference.value:.2f} uJ for a wine (modelled)")
    assert same >= len(x_test) - 2


if __name__ == "__main__":
    main()

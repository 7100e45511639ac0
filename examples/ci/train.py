"""Makes the network and the samples of this repository: three kinds of iris, told apart by 12 hidden neurons.

    python examples/ci/train.py

Stands for your own training. 100 flowers train and calibrate, 50 others become the samples of the test on the chip. Data: Iris
of R. A. Fisher, 1936, which comes with scikit-learn (BSD-3-Clause).
"""

from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import neurodeploy as nd

FOLDER = Path(__file__).parent


def main() -> None:
    iris = load_iris()
    x_train, x_test, y_train, y_test = train_test_split(
        iris.data, iris.target, test_size=50, stratify=iris.target, random_state=4
    )
    model = MLPClassifier((12,), max_iter=5000, random_state=0, alpha=0.01).fit(x_train, y_train)
    made = nd.convert(model, calibration=x_train, labels=y_train, target="loihi1", steps=16)
    nd.save(made.network.model_copy(update={"name": "flowers"}), FOLDER / "flowers.nd.json")
    shown = x_test.clip(x_train.min(axis=0), x_train.max(axis=0))  # beyond it, no rate is defined
    nd.save(nd.SampleValues(values={"x": shown}, labels=y_test), FOLDER / "flowers.stimulus.npz")


if __name__ == "__main__":
    main()

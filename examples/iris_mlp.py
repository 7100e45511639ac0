"""Iris: a multilayer perceptron of scikit-learn, 4-64-32-3, becomes a spiking network that answers in 16 steps.

    python examples/iris_mlp.py

Three kinds of iris are told apart by the length and width of their sepals and petals. The network is trained in scikit-learn
as usual; nd.convert turns its weights into synapses and its ReLU into neurons that integrate and fire. 100 flowers train and
calibrate, 50 others test. Data: Iris of R. A. Fisher, 1936, which comes with scikit-learn (BSD-3-Clause).
"""

from sklearn.datasets import load_iris
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import neurodeploy as nd

STEPS = 16


def main() -> None:
    iris = load_iris()
    x_train, x_test, y_train, y_test = train_test_split(
        iris.data, iris.target, test_size=50, stratify=iris.target, random_state=0
    )
    model = MLPClassifier((64, 32), max_iter=2000, random_state=0).fit(x_train, y_train)

    converted = nd.convert(model, calibration=x_train, labels=y_train, target="loihi1", steps=STEPS)
    for layer in converted.layers:
        print(f"{layer.name}: {' x '.join(map(str, layer.shape))} {layer.activation or 'scores'} -> {layer.became}")

    program = nd.compile(converted, target="loihi1")
    recording = nd.run(program, x_test)  # centimetres: the encoder knows their range
    answers = nd.answers(program, recording)
    cost = nd.profile(program, recording, labels=y_test)

    right, wanted = int((answers == y_test).sum()), int((model.predict(x_test) == y_test).sum())
    print(f"\nright of {len(y_test)}: {wanted} by scikit-learn, {right} by the chip's integers in {STEPS} steps")
    print("\nflower (row) and answer of the chip (column)")
    for name, row in zip(iris.target_names, confusion_matrix(y_test, answers), strict=True):
        print(f"  {name:12}" + "".join(f"{count:4}" for count in row))
    energy, time = 1e6 * cost.energy_per_inference.value, 1e6 * cost.time_per_inference.value
    print(f"\n{cost.cores} core, {energy:.2f} uJ and {time:.0f} us for a flower (modelled from published figures)")
    assert abs(right - wanted) <= 1


if __name__ == "__main__":
    main()

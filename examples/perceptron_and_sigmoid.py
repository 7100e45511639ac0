"""A perceptron and a network of sigmoid neurons answer on the chip as they do in scikit-learn.

    python examples/perceptron_and_sigmoid.py

A perceptron answers "yes" if a weighted sum is above 0: a step. A neuron that adds up weighted spikes is that, and its voltage
in the last step is the sum. A sigmoid bends the sum; on the chip a neuron spikes at a rate between 0 and 1 whose curve is
fitted to it, and the loss of the fit is printed. Data: Breast Cancer Wisconsin (Diagnostic) of W. Wolberg and others, UCI,
1995, CC BY 4.0, and Digits of E. Alpaydin and C. Kaynak, UCI, 1998, CC BY 4.0; both come with scikit-learn (BSD-3-Clause).
"""

from typing import Any

from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import Perceptron
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurodeploy as nd


def on_chip(title: str, model: Any, data: Any, steps: int) -> tuple[int, int]:
    """Train, convert and run a model; return the numbers of equal answers and of test samples."""
    x, y = data
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, stratify=y, random_state=0)
    model.fit(x_train, y_train)
    converted = nd.convert(model, calibration=x_train, labels=y_train, target="loihi1", steps=steps)
    program = nd.compile(converted, target="loihi1")
    recording = nd.run(program, x_test)
    cost = nd.profile(program, recording, labels=y_test)
    same = int((nd.answers(program, recording) == model.predict(x_test)).sum())
    print(f"{title}, {steps} steps")
    for layer in converted.layers:
        error = f", error of the curve {layer.error:.1%}" if layer.activation else ""
        print(f"  {layer.name}: {layer.activation or 'scores'} -> {layer.became}{error}")
    print(f"  correct {model.score(x_test, y_test):.2%} in scikit-learn, {cost.accuracy:.2%} on the chip")
    print(f"  same answer for {same} of {len(y_test)} samples; {cost.cores} core", end="")
    print(f", {1e6 * cost.energy_per_inference.value:.2f} uJ for one (modelled)\n")
    return same, len(y_test)


def main() -> None:
    perceptron = make_pipeline(StandardScaler(), Perceptron(random_state=0))
    same, n = on_chip("perceptron, 30-1, breast cancer", perceptron, load_breast_cancer(return_X_y=True), 32)
    assert same >= 0.99 * n

    sigmoid = MLPClassifier(
        (32,), activation="logistic", learning_rate_init=0.01, tol=1e-3, max_iter=1000, random_state=0
    )
    x, y = load_digits(return_X_y=True)
    same, n = on_chip("sigmoid network, 64-32-10, digits", sigmoid, (x / 16, y), 32)
    assert same >= 0.98 * n


if __name__ == "__main__":
    main()

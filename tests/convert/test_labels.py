"""Labels of calibration samples are places of classes, or the classes that the network names."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.convert.samples import calibration_samples
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import FullyConnected


def network(*classes: str, **fields) -> TrainedNetwork:
    node = Node(name="out", operation=FullyConnected(weights=np.ones((3, 2))), inputs=("x",), shape=(3,))
    return TrainedNetwork(
        name="net",
        source="onnx",
        inputs=(TrainedInput(name="x", shape=(2,)),),
        nodes=(node,),
        classes=classes,
        **fields,
    )


def places(net: TrainedNetwork, labels: object) -> list[int]:
    found = calibration_samples(net, np.ones((len(labels), 2)), labels).labels
    assert found is not None
    assert found.dtype.kind in "iu"
    return found.tolist()


@pytest.mark.parametrize(
    ("classes", "labels", "wanted"),
    [
        ((), [2, 0, 1], [2, 0, 1]),
        ((), np.array([2, 0], dtype=np.uint8), [2, 0]),
        ((), [True, False], [1, 0]),
        (("cat", "dog"), ["dog", "cat", "dog"], [1, 0, 1]),
        (("cat", "dog"), np.array(["dog", "cat"], dtype=object), [1, 0]),
        (("cat", "dog"), [1, 0], [1, 0]),
        (("3", "7", "9"), [9, 3], [2, 0]),
        (("3", "7", "9"), ["9", "3"], [2, 0]),
        (("1", "2"), [1, 2, 1], [0, 1, 0]),
        (("1.0", "2.5"), [2.5, 1.0], [1, 0]),
        (("1.0", "2.0"), [2, 1], [1, 0]),
        (("False", "True"), [True, False], [1, 0]),
        (("-1", "1"), [1, -1], [1, 0]),
        (("cat", "dog"), [["dog"], ["cat"]], [1, 0]),
        ((), np.array([[2], [0]], dtype=np.uint8), [2, 0]),
        ((), [2.0, 1.0], [2, 1]),
    ],
)
def test_labels_are_places_or_classes(classes, labels, wanted) -> None:
    assert places(network(*classes), labels) == wanted


@pytest.mark.parametrize(
    ("classes", "labels", "words"),
    [
        (("cat", "dog"), ["cow", "cat"], "no classes of the network: cow"),
        (("1", "2"), [0, 1], "no classes of the network: 0"),
        (("cat", "dog"), [2, 0], "no classes of the network: 2"),
        ((), [-1, 0], "labels from -1 to 0; the 3 classes of the network are 0 to 2"),
        ((), [1, 3], "labels from 1 to 3"),
        ((), ["cat", "dog"], "names no classes"),
        ((), [0.5, 1.0], "names no classes"),
        ((), np.eye(2, 3), "needs one number or class for each of 2 samples"),
        (("cat", "dog"), [["cat", "dog"]] * 2, r"shape \[2, 2\]"),
        (("cat", "dog"), [None, "dog"], "labels of type object"),
    ],
)
def test_labels_that_are_no_classes_are_findings(classes, labels, words) -> None:
    with pytest.raises(DiagnosticError, match=words) as caught:
        places(network(*classes), labels)
    assert [item.code for item in caught.value.diagnostics] == ["ND840"]


def test_a_regressor_has_no_labels() -> None:
    with pytest.raises(DiagnosticError, match="answers with values"):
        places(network(task="regress"), [0, 1])
    assert calibration_samples(network(task="regress"), {"x": np.ones((2, 2)), "y": [0.5, 1]}).labels is None

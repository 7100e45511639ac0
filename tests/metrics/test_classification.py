"""Metrics of answers against scikit-learn, and against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from neurodeploy.metrics import classified, roc


@st.composite
def answered(draw, most=6):
    """(labels, scores) of up to `most` classes, with ties, and classes that are absent from labels, answers or both."""
    n_classes, n = draw(st.integers(2, most)), draw(st.integers(1, 30))
    labels = draw(st.lists(st.integers(0, n_classes - 1), min_size=n, max_size=n))
    row = st.lists(st.integers(-3, 3), min_size=n_classes, max_size=n_classes)
    scores = draw(st.lists(row, min_size=n, max_size=n))
    return np.array(labels), np.array(scores, dtype=np.float64)


@settings(max_examples=examples(200, quick=40), deadline=None)
@given(answered())
def test_as_scikit_learn(given_samples):
    labels, scores = given_samples
    answers, n_classes = scores.argmax(axis=1), scores.shape[1]
    found = classified(labels, answers, scores)
    assert found.accuracy == oracle.accuracy_score(labels, answers)
    every = list(range(n_classes))
    assert np.array_equal(found.confusion, oracle.confusion_matrix(labels, answers, labels=every))
    theirs = oracle.precision_recall_fscore_support(labels, answers, labels=every, zero_division=np.nan)
    for item, precision, recall, f1, support in zip(found.classes, *theirs, strict=True):
        assert item.support == support
        assert (
            item.precision == pytest.approx(precision, abs=1e-15) if item.precision is not None else np.isnan(precision)
        )
        assert item.recall == pytest.approx(recall, abs=1e-15) if item.recall is not None else np.isnan(recall)
        assert item.f1 == pytest.approx(f1, abs=1e-15) if item.f1 is not None else item.support + item.answered == 0
    for average in ("macro", "weighted"):
        means = oracle.precision_recall_fscore_support(labels, answers, average=average, zero_division=0)
        ours = getattr(found, average)
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(means[:3], abs=1e-14)


@settings(max_examples=examples(200, quick=40), deadline=None)
@given(answered(most=5))
def test_areas_as_scikit_learn(given_samples):
    labels, scores = given_samples
    n_classes = scores.shape[1]
    found = classified(labels, scores.argmax(axis=1), scores)
    areas = []
    for item in found.classes:
        mine = labels == item.number
        if mine.all() or not mine.any():
            assert item.auc is None
            continue
        score = scores[:, item.number] - (scores[:, 1 - item.number] if n_classes == 2 else 0)
        assert item.auc == pytest.approx(oracle.roc_auc_score(mine, score), abs=1e-14)
        areas.append(item.auc)
    assert found.auc == (pytest.approx(np.mean(areas)) if areas else None)


@settings(max_examples=examples(100, quick=30), deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=40))
def test_curve_as_scikit_learn(pairs):
    is_class, score = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs], dtype=np.float64)
    found = roc(is_class, score)
    if is_class.all() or not is_class.any():
        assert found is None
        return
    area, false, true = found
    theirs = oracle.roc_curve(is_class, score, drop_intermediate=False)
    corners = set(zip(theirs[0].round(12), theirs[1].round(12), strict=True))
    assert set(zip(false.round(12), true.round(12), strict=True)) <= corners
    assert area == pytest.approx(np.trapezoid(true, false) if hasattr(np, "trapezoid") else np.trapz(true, false))


def test_worked_by_hand():
    """Labels 0 0 1 1 2, answers 0 1 1 1 0: class 2 is never answered, so it has no precision, but recall and F1 of 0."""
    scores = np.eye(3)[[0, 1, 1, 1, 0]]
    found = classified(np.array([0, 0, 1, 1, 2]), scores.argmax(axis=1), scores, ("cat", "dog", "owl"))
    assert [item.name for item in found.classes] == ["cat", "dog", "owl"]
    assert [item.precision for item in found.classes] == [1 / 2, 2 / 3, None]
    assert [item.recall for item in found.classes] == [1 / 2, 1.0, 0.0]
    assert [item.f1 for item in found.classes] == [1 / 2, 4 / 5, 0.0]
    assert found.accuracy == 3 / 5
    assert found.balanced_accuracy == 1 / 2
    assert found.macro.precision == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert found.weighted.recall == pytest.approx(3 / 5)
    assert found.confusion.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    # class 0 against the rest: scores 1 of labels 0, 2; of 2 x 3 pairs 1 x 2 are won, 1 x 1 + 1 x 2 tied, 1 lost
    assert found.classes[0].auc == pytest.approx((2 + 3 / 2) / 6)


def test_one_class_has_no_area():
    scores = np.array([[2.0, 1.0], [0.0, 5.0]])
    found = classified(np.array([0, 0]), scores.argmax(axis=1), scores)
    assert (found.auc, found.curves) == (None, ())
    assert (found.classes[1].recall, found.classes[1].precision) == (None, 0.0)


def test_labels_beyond_the_answers_are_classes_that_are_never_answered():
    scores = np.array([[2.0, 1.0], [0.0, 5.0]])
    found = classified(np.array([0, 4]), scores.argmax(axis=1), scores)
    assert len(found.classes) == 5
    assert (found.classes[4].recall, found.classes[4].precision, found.classes[4].auc) == (0.0, None, None)


def test_a_single_output_scores_class_one():
    scores = np.array([[3.0], [0.0], [5.0], [1.0]])
    found = classified(np.array([1, 0, 1, 0]), scores.argmax(axis=1), scores)
    assert found.auc == 1.0


def test_a_long_curve_is_thinned_and_its_area_is_not():
    generator = np.random.default_rng(0)
    is_class, score = generator.random(5000) < 0.4, generator.normal(size=5000)
    area, false, true = roc(is_class, score)
    assert (false.size, true.size) == (256, 256)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert np.all(np.diff(false) >= 0)
    assert np.all(np.diff(true) >= 0)
    assert area == pytest.approx(oracle.roc_auc_score(is_class, score), abs=1e-15)


def test_many_classes_have_areas_and_no_curves():
    generator = np.random.default_rng(0)
    scores, labels = generator.normal(size=(90, 30)), np.arange(90) % 30
    found = classified(labels, scores.argmax(axis=1), scores)
    assert found.curves == ()
    assert found.classes[29].auc == pytest.approx(oracle.roc_auc_score(labels == 29, scores[:, 29]), abs=1e-14)

"""The annotator against scikit-learn, a float64 gradient by hand, and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import datasets, linear_model

from gan_probe import types
from gan_probe.classifiers import linear

RIDGE = 1e-3


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    features, labels = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return (features[order] / 16).astype(np.float32), labels[order]


@pytest.fixture(scope="module")
def fitted(digits) -> linear.Linear:
    features, labels = digits
    return linear.fit(features[:599], labels[:599], 10, ridge=RIDGE, tolerance=1e-5)


def standardised(features: np.ndarray) -> np.ndarray:
    x = features.astype(np.float64)
    x = x - x.mean(axis=0)
    return x / np.sqrt((x**2).sum(axis=1).mean())


def oracle(design: np.ndarray, labels: np.ndarray, ridge: float, weights: np.ndarray | None = None):
    """scikit-learn's optimum; its intercept is free of the penalty: a column of ones makes it one of the weights."""
    total = len(labels) if weights is None else weights.sum()
    model = linear_model.LogisticRegression(C=1 / (ridge * total), fit_intercept=False, tol=1e-9, max_iter=5000)
    return model.fit(np.column_stack([design, np.ones(len(design))]), labels, weights)


def test_equals_scikit_learn(digits, fitted):
    features, labels = digits
    n = 599
    expected = oracle(standardised(features[:n]), labels[:n], RIDGE)
    assert fitted.converged
    np.testing.assert_allclose(fitted.weights, expected.coef_[:, :-1].T, atol=1e-2)
    np.testing.assert_allclose(fitted.bias, expected.coef_[:, -1], atol=1e-2)
    held_out = (features[n:] - np.asarray(fitted.centre)) / np.asarray(fitted.scale)
    design = np.column_stack([held_out, np.ones(len(held_out))])
    np.testing.assert_array_equal(linear.predict(fitted, features[n:]), expected.predict(design))
    np.testing.assert_allclose(linear.logits(fitted, features[n:]), expected.decision_function(design), atol=1e-2)


def test_equals_scikit_learn_with_more_features_than_rows(digits):
    features, labels = digits
    at = np.flatnonzero(labels < 2)[:50]
    fit = linear.fit(features[at], labels[at], 2, ridge=1e-2, tolerance=1e-5)
    # Of two classes it fits one vector w = w1 - w0, with |w0|^2 + |w1|^2 = |w|^2 / 2 at the optimum.
    expected = oracle(standardised(features[at]), labels[at], 1e-2 / 2)
    difference = np.asarray(linear.logits(fit, features[at])) @ [-1, 1]
    ones = np.ones(len(at))
    np.testing.assert_allclose(
        difference, expected.decision_function(np.column_stack([standardised(features[at]), ones])), atol=1e-2
    )
    assert fit.converged and float(fit.accuracy) == pytest.approx(1.0)


@pytest.mark.parametrize("n", [50, 200])  # fewer and more rows than features
def test_many_models_on_one_matrix_are_those_of_the_weighted_rows(digits, n):
    features, labels = digits[0][:n], digits[1][:n]
    counts = np.random.default_rng(1).integers(0, 4, (3, n)).astype(np.int32)
    within = linear.units(features)
    many = linear.fit_many(features, labels, counts, 10, ridge=RIDGE, tolerance=1e-5, within=within)
    assert np.asarray(many.converged).all()
    found, design = np.asarray(linear.logits(many, features)), (features - within.centre) / within.scale
    for k, count in enumerate(counts):
        expected = oracle(design.astype(np.float64), labels, RIDGE, count.astype(float))
        scores = expected.decision_function(np.column_stack([design, np.ones(n)]))
        np.testing.assert_allclose(found[k] - found[k].mean(axis=1, keepdims=True), scores, atol=2e-2)
        right = (found[k].argmax(axis=1) == labels) @ count / count.sum()
        assert float(many.accuracy[k]) == pytest.approx(right, abs=1e-5)


def test_counts_are_rows_that_stand_several_times(digits):
    features, labels = digits[0][:50], digits[1][:50]
    count = np.random.default_rng(1).integers(0, 4, (1, 50)).astype(np.int32)
    rows, within = np.repeat(np.arange(50), count[0]), linear.units(features)
    settings = {"ridge": RIDGE, "tolerance": 1e-5, "within": within}
    counted = linear.fit_many(features, labels, count, 10, **settings)
    repeated = linear.fit_many(features[rows], labels[rows], np.ones((1, len(rows)), int), 10, **settings)
    np.testing.assert_allclose(counted.weights, repeated.weights, atol=2e-2)
    assert float(counted.accuracy[0]) == pytest.approx(float(repeated.accuracy[0]), abs=1e-5)


def test_models_that_end_early_leave_the_others_as_they_were(digits):
    features, labels = digits[0][:60], digits[1][:60]
    # Nineteen models of 3 to 57 rows: they are parted at 19, 9 and 4, and each ends at a step of its own.
    rng = np.random.default_rng(4)
    counts = np.zeros((19, 60), np.int32)
    for k, count in enumerate(counts):
        count[rng.permutation(60)[: 3 * k + 3]] = 1
    settings = {"ridge": RIDGE, "tolerance": 1e-5, "within": linear.units(features)}
    many = linear.fit_many(features, labels, counts, 10, **settings)
    assert np.asarray(many.converged).all() and len(np.unique(many.steps)) > 9
    for k, count in enumerate(counts):
        one = linear.fit_many(features, labels, count[None], 10, **settings)
        np.testing.assert_allclose(many.weights[k], one.weights[0], atol=1e-2)
        assert abs(int(many.steps[k]) - int(one.steps[0])) <= max(3, int(one.steps[0]) // 5)
        assert float(many.accuracy[k]) == pytest.approx(float(one.accuracy[0]), abs=1e-5)


def test_the_limit_of_steps_ends_every_model(digits):
    features, labels = digits[0][:60], digits[1][:60]
    many = linear.fit_many(features, labels, np.ones((9, 60), np.int32), 10, tolerance=1e-7, max_steps=7)
    assert (np.asarray(many.steps) == 7).all() and not np.asarray(many.converged).any()


@pytest.mark.parametrize("models", [1, 19])
def test_every_step_is_told(digits, models):
    features, labels = digits[0][:60], digits[1][:60]
    told = []
    counts = np.random.default_rng(5).integers(1, 4, (models, 60))
    found = linear.fit_many(features, labels, counts, 10, ridge=RIDGE, each=lambda: told.append(1))
    jax.effects_barrier()
    assert int(found.steps.max()) <= len(told) < int(found.steps.max()) + 3


def test_one_program_is_compiled_once_for_all_models(digits):
    features, labels = digits[0][:50], digits[1][:50]
    counts = np.eye(4, 50, dtype=np.int32) + 1
    linear.fit_many(features, labels, counts, 10)
    compiled = linear._solve._cache_size()
    linear.fit_many(features + 1, labels[::-1], counts[::-1], 10, ridge=1e-3, tolerance=1e-3)
    assert linear._solve._cache_size() == compiled


def test_gradient_vanishes_in_float64(digits, fitted):
    features, labels = digits
    x, ridge = standardised(features[:599]), RIDGE
    weights, bias = np.asarray(fitted.weights, np.float64), np.asarray(fitted.bias, np.float64)
    grad_weights, grad_bias = ridge * weights, ridge * bias
    for row, label in zip(x, labels, strict=False):
        score = row @ weights + bias
        probability = np.exp(score - score.max())
        probability /= probability.sum()
        residual = (probability - np.eye(10)[label]) / len(x)
        grad_weights = grad_weights + np.outer(row, residual)
        grad_bias = grad_bias + residual
    norm = np.sqrt((grad_weights**2).sum() + (grad_bias**2).sum())
    assert norm < 1.2e-5
    assert float(fitted.gradient_norm) == pytest.approx(norm, abs=3e-6)


def test_annotates_held_out_digits(digits):
    features, labels = digits
    accuracy = np.mean(
        np.asarray(linear.predict(linear.fit(features[:599], labels[:599], 10), features[599:])) == labels[599:]
    )
    # scikit-learn's default logistic regression reaches 95 to 96 % with 599 rows.
    assert 0.94 < accuracy < 0.98


def test_unit_and_origin_of_the_features_do_not_matter(digits, fitted):
    features, labels = digits
    moved = linear.fit(features[:599] * 255 - 30, labels[:599], 10, ridge=RIDGE, tolerance=1e-5)
    np.testing.assert_allclose(moved.weights, fitted.weights, atol=2e-2)
    np.testing.assert_allclose(
        linear.logits(moved, features[599:] * 255 - 30), linear.logits(fitted, features[599:]), atol=1e-2
    )


def test_separable_data_has_a_finite_optimum():
    # One feature, two classes at -1 and +1, weights w and -w: the loss is ln(1 + e^-2w) + ridge w^2, so that at the
    # optimum 2 / (1 + e^2w) = 2 ridge w.
    features = np.array([[-1.0], [1.0]] * 8, np.float32)
    fit = linear.fit(features, [0, 1] * 8, 2, ridge=0.01, tolerance=1e-6)
    w = float(fit.weights[0, 1])
    assert fit.converged and float(fit.weights[0, 0]) == pytest.approx(-w, abs=1e-4)
    assert 1 / (1 + np.exp(2 * w)) == pytest.approx(0.01 * w, abs=1e-5)


def test_a_class_without_rows_is_never_predicted(digits):
    features, labels = digits
    seen = labels != 3
    fit = linear.fit(features[seen][:599], labels[seen][:599], 10)
    assert fit.converged and np.isfinite(np.asarray(fit.bias)).all()
    assert not (np.asarray(linear.predict(fit, features)) == 3).any()


def test_constant_features_leave_the_class_frequencies():
    features, labels = np.full((599, 64), 7.0, np.float32), np.arange(599) ** 2 % 10
    fit = linear.fit(features, labels, 10, ridge=1e-4)
    probability = np.exp(np.asarray(linear.logits(fit, features[:1]), np.float64))[0]
    np.testing.assert_allclose(probability / probability.sum(), np.bincount(labels, minlength=10) / 599, atol=1e-3)


def test_too_few_steps_are_not_called_converged(digits):
    features, labels = digits
    fit = linear.fit(features[:599], labels[:599], 10, max_steps=2)
    assert not fit.converged and int(fit.steps) == 2 and float(fit.gradient_norm) > 1e-4


def test_predictions_are_int32_and_ties_go_to_the_lowest_class():
    nothing = linear.Linear(
        weights=jnp.zeros((2, 3)),
        bias=jnp.array([0.0, 1.0, 1.0]),
        centre=jnp.zeros(2),
        scale=jnp.ones(()),
        accuracy=jnp.ones(()),
        converged=jnp.array(True),
        gradient_norm=jnp.zeros(()),
        steps=jnp.array(0),
    )
    predicted = linear.predict(nothing, np.zeros((4, 2), np.float32))
    assert predicted.dtype == jnp.int32
    np.testing.assert_array_equal(predicted, [1, 1, 1, 1])


@pytest.mark.parametrize(
    ("labels", "message"),
    [([0, 1, 2], "label 2 of row 2"), ([0, -1, 1], "label -1 of row 1"), ([0, 1], "one label a row")],
)
def test_wrong_labels_are_named(labels, message):
    with pytest.raises(types.UserError, match=message):
        linear.fit(np.eye(3, dtype=np.float32), labels, 2)

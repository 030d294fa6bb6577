import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression


@pytest.mark.parametrize("strength", [0.01, 1.0, 1e4])
def test_probabilities_are_scikit_learns_but_for_the_last_bits(lesson, strength):
    model = LogisticRegression(C=strength).fit(lesson.scaled, lesson.labels)
    served = lesson.served(model)

    assert not served.is_exact
    alone = np.array([served.probabilities(row) for row in lesson.rows])
    np.testing.assert_allclose(alone, lesson.expected(model), rtol=0, atol=1e-14)
    assert served.probabilities_of(lesson.rows).tobytes() == alone.tobytes()


def test_a_model_without_intercept_can_be_exported(lesson):
    model = LogisticRegression(fit_intercept=False).fit(lesson.scaled, lesson.labels)

    np.testing.assert_allclose(
        lesson.served(model).probabilities_of(lesson.rows), lesson.expected(model), rtol=0, atol=1e-14
    )

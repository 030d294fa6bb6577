import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression

from core.errors import ModelError


def test_a_kind_that_is_not_served_is_refused_and_those_that_are_named(lesson):
    model = ExtraTreesClassifier(3, max_depth=2).fit(lesson.scaled, lesson.labels)

    with pytest.raises(ModelError, match="ExtraTreesClassifier cannot be exported; use RandomForestClassifier, Hist"):
        lesson.served(model)


@pytest.mark.parametrize("labels", [[0, 1], [1, 2, 3], [0, 1, 2, 3]])
def test_a_model_of_other_classes_is_refused(lesson, labels):
    model = LogisticRegression().fit(lesson.scaled, np.resize(labels, len(lesson.rows)))

    with pytest.raises(ModelError, match=r"learned the classes \[.*\]: fit it on labels encoded from 0 to 2"):
        lesson.served(model)

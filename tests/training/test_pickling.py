import io

import joblib
import numpy as np
from sklearn.preprocessing import LabelEncoder

from training.pickling import pickled


def test_joblib_reads_what_was_written():
    encoder = LabelEncoder().fit([0, 1, 2])
    again = joblib.load(io.BytesIO(pickled({"encoder": encoder, "weights": np.arange(3.0)})))
    assert again["encoder"].classes_.tolist() == [0, 1, 2]
    assert again["weights"].tolist() == [0.0, 1.0, 2.0]


def test_equal_words_are_written_alike_whether_or_not_they_are_one_object():
    one, other = "classes_", "_".join(["classes", ""])
    assert one is not other

    assert pickled([one, one]) == pickled([one, other]) == pickled([other, one])


def test_an_estimator_that_came_from_another_process_is_written_as_one_that_was_fitted_here():
    here = {"encoder": LabelEncoder().fit([0, 1, 2]), "classes_": 3}
    returned = joblib.load(io.BytesIO(pickled(here)))
    assert pickled(returned) == pickled(here)

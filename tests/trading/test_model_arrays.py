import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError
from trading.model_arrays import ModelArrays


def archive(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_arrays_come_back_as_they_were_written():
    arrays = ModelArrays.read(
        archive(kind=np.array("forest"), mean=np.array([1.5, 2.0]), places=np.array([[1, 0]], dtype=np.int32))
    )

    assert arrays.word("kind") == "forest"
    assert arrays.floats("mean", 2).tolist() == [1.5, 2.0]
    assert arrays.floats("mean", None).tolist() == [1.5, 2.0]
    assert arrays.places("places", None, 2, end=2).tolist() == [[1, 0]]


def test_infinity_is_a_threshold_but_no_other_number():
    arrays = ModelArrays({"edge": np.array([1.0, np.inf])})

    assert arrays.thresholds("edge", 2).tolist() == [1.0, np.inf]
    with pytest.raises(ModelError, match="array edge holds a number that is none or infinite"):
        arrays.floats("edge", 2)


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (lambda arrays: arrays.floats("absent", None), "lacks the array absent; restore it or train"),
        (lambda arrays: arrays.floats("raw", None), "lacks the array raw"),
        (lambda arrays: arrays.floats("pair", 3), r"array pair holds float64 of shape \(2,\) instead of f8 of \(3\)"),
        (lambda arrays: arrays.floats("pair", None, 2), r"instead of f8 of \(any, 2\)"),
        (lambda arrays: arrays.floats("small", None), "float32"),
        (lambda arrays: arrays.thresholds("hole", None), "array hole holds a number that is none"),
        (lambda arrays: arrays.places("pair", None, end=9), "float64"),
        (lambda arrays: arrays.places("long", None, end=9), "int64"),
        (lambda arrays: arrays.places("places", None, end=3), "array places holds a place outside 0 to 2"),
        (lambda arrays: arrays.places("below", None, end=3), "array below holds a place outside 0 to 2"),
        (lambda arrays: arrays.word("pair"), "float64"),
        (lambda arrays: arrays.word("words"), r"shape \(2,\)"),
    ],
)
def test_an_array_other_than_expected_is_refused_by_name(take, words):
    arrays = ModelArrays(
        {
            "pair": np.array([1.0, 2.0]),
            "small": np.array([1.0], dtype=np.float32),
            "hole": np.array([np.nan]),
            "long": np.array([1]),
            "places": np.array([0, 3], dtype=np.int32),
            "below": np.array([-1], dtype=np.int32),
            "words": np.array(["a", "b"]),
            "raw": b"no array",
        }
    )

    with pytest.raises(ModelError, match=words):
        take(arrays)


def lying_header() -> bytes:
    """An array that says to have a million million numbers, and has none."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    member = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        written.writestr("mean.npy", member)
    return buffer.getvalue()


def single_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3.0))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", b"PK no archive", archive(mean=np.arange(9.0))[:-30], single_array(), lying_header()],
    ids=["empty", "text", "beginning only", "cut", "single array", "lying header"],
)
def test_bytes_that_are_no_archive_of_arrays_are_refused(content):
    with pytest.raises(ModelError, match=r"unreadable arrays .*; restore it or train again"):
        ModelArrays.read(content)


def test_objects_are_refused_without_running_them(tmp_path):
    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "run",)

    with pytest.raises(ModelError, match="unreadable arrays"):
        ModelArrays.read(archive(mean=np.array([Hostile()], dtype=object)))
    assert not (tmp_path / "run").exists()

"""Arrays come out as NumPy wrote them, to the bit; what NumPy would not have written is refused unread."""

import io
import struct
import zipfile

import numpy as np
import pytest

from core.errors import ModelError
from trading.array_archive import arrays_in

ARRAYS = {
    "floats": np.array([[1.5, -0.0], [np.inf, np.nan]]),
    "by_column": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "places": np.arange(5, dtype=np.int32),
    "flags": np.array([True, False]),
    "number": np.array(7),
    "word": np.array("forest"),
    "empty": np.zeros((0, 3)),
}


def packed(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_arrays_come_out_as_they_were_written():
    found = arrays_in(packed(**ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert (found[name].dtype, found[name].shape) == (values.dtype, values.shape)
        assert found[name].tobytes() == values.tobytes()
        assert found[name].flags.c_contiguous
        assert found[name].flags.writeable


@pytest.mark.hazard("M1")
@pytest.mark.parametrize(
    "values",
    [
        np.array([{}], dtype=object),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array([1j]),
        np.array(["2026-01-06"], dtype="datetime64[D]"),
        np.arange(3, dtype=">f8"),
    ],
)
def test_arrays_of_anything_but_numbers_and_words_are_refused(values):
    with pytest.raises(ModelError, match="is no array of numbers"):
        arrays_in(packed(odd=values))


def test_a_kind_of_number_that_there_is_not_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, zipfile.ZipFile(io.BytesIO(packed(mean=np.zeros(3)))) as sound:
        archive.writestr("mean.npy", sound.read("mean.npy").replace(b"<f8", b"<f1"))
    with pytest.raises(ModelError, match=r"unreadable arrays .*<f1"):
        arrays_in(buffer.getvalue())


@pytest.mark.hazard("M1")
def test_an_encrypted_entry_is_refused():
    raw = bytearray(packed(mean=np.zeros(3)))
    directory = raw.rindex(b"PK\x01\x02")
    raw[directory + 8 : directory + 10] = struct.pack("<H", 1)
    with pytest.raises(ModelError, match="compressed or encrypted"):
        arrays_in(bytes(raw))


@pytest.mark.hazard("M10")
def test_entries_that_lie_over_each_other_claim_no_more_than_there_is():
    raw = packed(a=np.zeros(100), b=np.zeros(100))
    with pytest.raises(ModelError, match="unreadable arrays"):
        arrays_in(raw.replace(b"b.npy", b"a.npy"))


def test_whatever_the_bytes_are_the_answer_is_arrays_or_a_refusal():
    chance = np.random.default_rng(5)
    sound = packed(**ARRAYS)
    refused = 0
    for _ in range(400):
        raw = bytearray(sound)
        for place in chance.integers(len(raw), size=3).tolist():
            raw[place] = int(chance.integers(256))
        try:
            arrays_in(bytes(raw[: chance.choice((len(raw), chance.integers(len(raw))))]))
        except ModelError:
            refused += 1
    assert refused > 200

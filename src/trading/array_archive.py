"""Plain arrays out of a NumPy archive, with every claim checked before memory is given for it.

`numpy.load` believes what it reads: a few bytes may claim to be a terabyte, compressed ones may unfold into it, and
the header of an array is evaluated as Python. Here an entry is stored as it is, holds numbers or a short text, and is
exactly as long as its shape says.
"""

import io
import math
import re
import struct
import sys
import zipfile
from typing import Literal

import numpy as np

from core.errors import ModelError

MOST_ARRAYS = 64

_ENCRYPTED = 0x1
_UNREADABLE = (ValueError, TypeError, OSError, EOFError, NotImplementedError, struct.error, zipfile.BadZipFile)
"""`TypeError` is NumPy's for a kind of number that there is not, as `<f1`."""
_NAME = re.compile(r"[a-z0-9_]{1,40}\.npy", re.ASCII)
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)\{'descr': '(?P<kind>[<|](?:[fiu][1248]|b1|U[0-9]{1,3}))', "
    rb"'fortran_order': (?P<by_column>True|False), 'shape': \((?P<shape>[0-9, ]{0,80})\), \} *\n",
    re.DOTALL,
)


def arrays_in(content: bytes) -> dict[str, np.ndarray]:
    """Return the arrays of an `.npz` file by name, each a copy of its own.

    Raises `ModelError` for anything that is not what `numpy.savez` writes of numbers.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _require_plain(entries, len(content))
            return {each.filename.removesuffix(".npy"): _array(each.filename, archive.read(each)) for each in entries}
    except _UNREADABLE as error:
        raise ModelError(f"unreadable arrays ({error}); restore it or train again") from error


def _require_plain(entries: list[zipfile.ZipInfo], room: int) -> None:
    if len(entries) > MOST_ARRAYS:
        raise ValueError(f"{len(entries)} entries, at most {MOST_ARRAYS} are read")
    if len({each.filename for each in entries}) != len(entries):
        raise ValueError("two entries of one name")
    for each in entries:
        if _NAME.fullmatch(each.filename) is None:
            raise ValueError(f"entry {each.filename[:40]!r} has no name of an array")
        if each.compress_type != zipfile.ZIP_STORED or each.flag_bits & _ENCRYPTED:
            raise ValueError(f"entry {each.filename[:40]!r} is compressed or encrypted")
    claimed = sum(each.file_size for each in entries)
    if claimed > room:
        raise ValueError(f"the entries claim {claimed} bytes of {room}")


def _array(name: str, raw: bytes) -> np.ndarray:
    header = _HEADER.match(raw)
    if header is None or header.end() != 10 + int.from_bytes(header["length"], "little"):
        raise ValueError(f"entry {name[:40]!r} is no array of numbers")
    kind = np.dtype(header["kind"].decode())
    shape = tuple(int(each) for each in header["shape"].decode().split(",") if each.strip())
    if math.prod(shape) * kind.itemsize != len(raw) - header.end():
        raise ValueError(f"entry {name[:40]!r} claims the shape {shape} and holds {len(raw) - header.end()} bytes")
    order: Literal["F", "C"] = "F" if header["by_column"] == b"True" else "C"
    values = np.frombuffer(raw, kind, offset=header.end()).reshape(shape, order=order)
    if kind.kind == "U" and (np.frombuffer(raw, "<u4", offset=header.end()) > sys.maxunicode).any():
        raise ValueError(f"entry {name[:40]!r} holds what is no character")
    return np.array(values, order="C")

"""What somebody can do to a bundle: each tool returns a function that is given the folder and spoils it.

`altered` leaves the manifest as it is; `vouched` lets the manifest vouch for the change, as somebody who knows how to.
"""

import hashlib
import io
import shutil
import socket
import warnings
import zipfile
from collections.abc import Callable
from contextlib import chdir
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import yaml

from features.specification import FeatureSpecification

Spoil = Callable[[Path], object]
FILES = {
    "model": "model.joblib",
    "scaler": "scaler.joblib",
    "encoder": "encoder.joblib",
    "arrays": "arrays.npz",
    "card": "card.html",
}
FEATURES = ("rsi_14", "return_1", "zscore_20")


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def edited(change: Callable[[dict[str, Any]], object]) -> Spoil:
    """Change what the manifest says, as somebody who knows how to."""

    def spoil(folder: Path) -> None:
        path = folder / "manifest.yaml"
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    return spoil


def said(place: str, value: object) -> Spoil:
    """Let the manifest say something else in one place."""

    def change(content: dict[str, Any]) -> None:
        *parents, last = place.split(".")
        for each in parents:
            content = content[int(each) if isinstance(content, list) else each]
        content[int(last) if isinstance(content, list) else last] = value  # type: ignore[call-overload]

    return edited(change)


def unsaid(place: str) -> Spoil:
    """Take a word out of the manifest."""

    def change(content: dict[str, Any]) -> None:
        *parents, last = place.split(".")
        for each in parents:
            content = content[each]
        del content[last]

    return edited(change)


def manifest(raw: bytes) -> Spoil:
    """Put something else in the manifest's place."""
    return lambda folder: (folder / "manifest.yaml").write_bytes(raw)


def altered(role: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Change a file and leave the manifest as it is."""

    def spoil(folder: Path) -> None:
        path = folder / FILES[role]
        path.write_bytes(change(path.read_bytes()))

    return spoil


def vouched(role: str, change: Callable[[bytes], bytes]) -> Spoil:
    """Change a file and let the manifest vouch for it."""

    def spoil(folder: Path) -> None:
        altered(role, change)(folder)
        raw = (folder / FILES[role]).read_bytes()
        described = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
        said(f"files.{role}", described)(folder)

    return spoil


def hostile(role: str, put: Callable[[str, Callable[[bytes], bytes]], Spoil]) -> Spoil:
    """Put a pickle that runs code in the place of a file; `put` is `altered` or `vouched`."""
    return lambda folder: put(role, lambda _: dumped(Hostile(folder.parent / "run")))(folder)


def arrays(change: Callable[[dict[str, np.ndarray]], object]) -> Spoil:
    """Change the arrays and let the manifest vouch for them."""

    def changed(raw: bytes) -> bytes:
        with np.load(io.BytesIO(raw)) as archive:
            content = {name: archive[name] for name in archive.files}
        change(content)
        return packed(content)

    return vouched("arrays", changed)


def estimator(role: str, change: Callable[[Any], object]) -> Spoil:
    """Change an estimator and let the manifest vouch for it."""

    def changed(raw: bytes) -> bytes:
        fitted = joblib.load(io.BytesIO(raw))
        change(fitted)
        return dumped(fitted)

    return vouched(role, changed)


def of_other(role: str, put: Callable[[str, Callable[[bytes], bytes]], Spoil]) -> Spoil:
    """Take a file of the other model."""
    return lambda folder: put(role, lambda _: (folder.parent / "other" / FILES[role]).read_bytes())(folder)


def both(*steps: Spoil) -> Spoil:
    return lambda folder: [step(folder) for step in steps]


def swapped(folder: Path) -> None:
    model, scaler = (folder / FILES[role] for role in ("model", "scaler"))
    first, second = model.read_bytes(), scaler.read_bytes()
    model.write_bytes(second)
    scaler.write_bytes(first)


def vouch_for_all(folder: Path) -> None:
    for role in ("model", "scaler", "encoder"):
        vouched(role, lambda raw: raw)(folder)


def in_its_place(name: str, make: Callable[[Path], object]) -> Spoil:
    """Put something that is no plain file in the place of a file."""

    def spoil(folder: Path) -> None:
        (folder / name).rename(folder.parent / "moved")
        make(folder / name)

    return spoil


def whole_other_bundle(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(folder.parent / "other", folder)


def without_arrays(folder: Path) -> None:
    (folder / "arrays.npz").unlink()
    unsaid("files.arrays")(folder)


def permuted_names(content: dict[str, Any]) -> None:
    names = content["features"]["names"] = [FEATURES[1], FEATURES[0], FEATURES[2]]
    content["features"]["schema_sha256"] = FeatureSpecification.of(names).schema_hash


def permuted_golden_rows(content: dict[str, Any]) -> None:
    for row in content["golden"]:
        first, second, third = row["features"]
        row["features"] = [second, first, third]


def stretched_quantiles(content: dict[str, Any]) -> None:
    for each in content["reference"].values():
        each.update(quantiles=[-1e308] * 5 + [0.0] + [1e308] * 5, mean=0.0)


def one_golden_row_many_times(content: dict[str, Any]) -> None:
    content["golden"] = [deepcopy(content["golden"][0]) for _ in content["golden"]]


def dumped(value: object, **options: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer, **options)
    return buffer.getvalue()


def packed(content: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **content)
    return buffer.getvalue()


def squeezed(_raw: bytes) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, mean=np.zeros(50_000_000, np.int8))
    return buffer.getvalue()


def archive_of(*entries: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two entries with one name
        for name, raw in entries:
            archive.writestr(name, raw)
    return buffer.getvalue()


def overlapping(archive: bytes, times: int) -> bytes:
    """Let the directory of an archive name its one entry many times over."""
    buffer = io.BytesIO(archive)
    with zipfile.ZipFile(buffer, "a") as opened:
        [entry] = opened.filelist
        for number in range(times):
            again = copy(entry)
            again.filename = f"again_{number}.npy"
            opened.filelist.append(again)
        opened.comment = b"so that the directory is written anew"
    return buffer.getvalue()


def listening(path: Path) -> None:
    """Put a socket there; its own path is longer than a socket's may be."""
    with chdir(path.parent), socket.socket(socket.AF_UNIX) as opened:
        opened.bind(path.name)


def header_of(shape: tuple[int, ...]) -> bytes:
    """The header of an array, without the array."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def flipped(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]


def put(name: str, values: Callable[[np.ndarray], np.ndarray]) -> Spoil:
    """Change one of the arrays."""
    return arrays(lambda content: content.update({name: values(content[name])}))


def first_is(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: np.concatenate([np.array([value], values.dtype), values[1:]])


def no_word(_values: np.ndarray) -> np.ndarray:
    """Text beyond the last character there is."""
    return np.array([0x7FFFFFFF], np.int32).view("<U1").reshape(())


def turned(attribute: str) -> Callable[[Any], None]:
    """Turn an attribute of an estimator round."""
    return lambda it: setattr(it, attribute, getattr(it, attribute)[::-1].copy())


def having(attribute: str, value: object) -> Callable[[Any], None]:
    """Give an estimator another attribute."""
    return lambda it: setattr(it, attribute, value)

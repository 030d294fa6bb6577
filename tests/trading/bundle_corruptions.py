"""Every corruption of a bundle that must be refused, a line each: what was done, and the words of the refusal."""

import os
import shutil
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import numpy as np

from .bundle_spoiling import (
    FEATURES,
    Hostile,
    Spoil,
    altered,
    archive_of,
    arrays,
    both,
    dumped,
    edited,
    estimator,
    first_is,
    flipped,
    having,
    header_of,
    hostile,
    in_its_place,
    listening,
    manifest,
    no_word,
    of_other,
    one_golden_row_many_times,
    overlapping,
    permuted_golden_rows,
    permuted_names,
    put,
    said,
    squeezed,
    stretched_quantiles,
    swapped,
    turned,
    unsaid,
    vouch_for_all,
    vouched,
    whole_other_bundle,
)


class Pin(Enum):
    """What `model.manifest_sha256` says."""

    NOTHING = auto()
    TRAINED = auto()
    """The manifest as it was trained."""
    PRESENT = auto()
    """The manifest as it lies there after the corruption: somebody was talked into it."""


@dataclass(frozen=True)
class Corruption:
    name: str
    spoil: Spoil
    reason: str
    """A regular expression that the refusal must hold."""
    has_arrays: bool = True
    pin: Pin = Pin.NOTHING


HUGE = "larger than the \\d+ bytes allowed"
ALTERED = "altered or of another bundle"
GOLDEN = r"golden row \d+ gives .* do not belong together"
UNREADABLE = r"arrays\.npz: unreadable arrays"
UNFIT = r"arrays\.npz: the exported model"
NO_PICKLE = "a pickle runs what its maker wrote"
GONE = b"\x80\x02csklearn.tree\nDecisionTreeOfTomorrow\n."
"""The pickle of a class that the library does not have."""
ALIASES = b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"

CHANGED_FILES = [
    Corruption("model cut short", altered("model", lambda raw: raw[:-1]), f"model.joblib: .*{ALTERED}"),
    Corruption("scaler with a byte more", altered("scaler", lambda raw: raw + b"\0"), f"scaler.joblib: {HUGE}"),
    Corruption("encoder with a flipped bit", altered("encoder", flipped), f"encoder.joblib: .*{ALTERED}"),
    Corruption("arrays cut in half", altered("arrays", lambda raw: raw[: len(raw) // 2]), f"arrays.npz: .*{ALTERED}"),
    Corruption("arrays empty", altered("arrays", lambda _: b""), f"arrays.npz: 0 bytes .*{ALTERED}"),
    Corruption("card with a flipped bit", altered("card", flipped), f"card.html: .*{ALTERED}"),
    Corruption("card missing", lambda folder: (folder / "card.html").unlink(), "card.html: missing"),
    Corruption("model missing", lambda folder: (folder / "model.joblib").unlink(), "model.joblib: missing"),
    Corruption("a folder for a model", in_its_place("model.joblib", Path.mkdir), "model.joblib: is no plain file"),
    Corruption("a pipe for a scaler", in_its_place("scaler.joblib", os.mkfifo), "scaler.joblib: is no plain file"),
    Corruption(
        "a link out of the folder, to equal bytes",
        in_its_place("encoder.joblib", lambda path: path.symlink_to(path.parent.parent / "moved")),
        "encoder.joblib: is a link",
    ),
    Corruption(
        "a link for a manifest",
        in_its_place("manifest.yaml", lambda path: path.symlink_to(path.parent.parent / "moved")),
        "manifest.yaml: is a link",
    ),
    Corruption("model and scaler swapped", swapped, f"model.joblib: .*{ALTERED}"),
    Corruption("model of another bundle", of_other("model", altered), f"model.joblib: .*({ALTERED}|{HUGE})"),
    Corruption("scaler of another bundle", of_other("scaler", altered), f"scaler.joblib: .*{ALTERED}"),
    Corruption("arrays of another bundle", of_other("arrays", altered), f"arrays.npz: .*({ALTERED}|{HUGE})"),
    Corruption("hostile model", hostile("model", altered), f"model.joblib: .*{ALTERED}"),
    Corruption("hostile scaler", hostile("scaler", altered), f"scaler.joblib: .*{ALTERED}"),
    Corruption("hostile encoder", hostile("encoder", altered), f"encoder.joblib: .*{ALTERED}"),
    Corruption(
        "manifest of another version",
        lambda folder: shutil.copy(folder.parent / "other" / "manifest.yaml", folder),
        f"joblib: .*({ALTERED}|{HUGE})",
    ),
    Corruption("another bundle as a whole", whole_other_bundle, "manifest_sha256 demands", pin=Pin.TRAINED),
]

NO_MANIFESTS = [
    Corruption("no manifest", lambda folder: (folder / "manifest.yaml").unlink(), "manifest.yaml: missing"),
    Corruption("a folder for a manifest", in_its_place("manifest.yaml", Path.mkdir), "manifest.yaml: is no plain file"),
    Corruption("an empty manifest", manifest(b""), "format None, this program reads 2"),
    Corruption("a manifest of two megabytes", manifest(b"#" * 2_000_000), f"manifest.yaml: {HUGE}"),
    Corruption("a manifest that is not UTF-8", manifest(b"\xff\xfe"), "unreadable manifest .*utf-8"),
    Corruption("a manifest with a NUL", manifest(b"format: 2\nname: \0"), "not readable as YAML"),
    Corruption("a list for a manifest", manifest(b"- format: 2"), "the top level is a list"),
    Corruption("half a manifest", manifest(b"format: [2"), "unreadable manifest .*line 1"),
    Corruption("two manifests in one", manifest(b"format: 2\n---\nformat: 2\n"), "unreadable manifest .*document"),
    Corruption("a key twice", manifest(b"format: 2\nformat: 2\n"), "the key 'format' appears twice"),
    Corruption("a tag", manifest(b"format: !!python/object/apply:os.getcwd []"), "tags .* are not allowed"),
    Corruption("aliases that grow", manifest(ALIASES), "aliases .* are not allowed"),
    Corruption("an anchor alone", manifest(b"format: &a 2\n"), "anchors .* are not allowed"),
    Corruption(
        "a tag renamed", manifest(b"%TAG ! tag:yaml.org,2002:python/\n---\na: !name:os.getcwd\n"), "tags .* are"
    ),
    Corruption(
        "a megabyte of commas", manifest(b"format: [" + b"1," * 500_000 + b"1]"), "more than 50000 keys and val"
    ),
    Corruption(
        "a megabyte of keys", manifest(b"".join(b"k%d: 1\n" % each for each in range(90_000))), "more than 50000"
    ),
    Corruption(
        "a number of a million digits", manifest(b"format: " + b"9" * 1_000_000), "unreadable manifest .*digits"
    ),
    Corruption("a word of a megabyte", manifest(b"format: 2\nname: " + b"a" * 1_000_000), "name: String should match"),
    Corruption(
        "a socket for a manifest", in_its_place("manifest.yaml", listening), r"manifest\.yaml: (is no plain|cannot)"
    ),
    Corruption("fifty levels", manifest(b"format: " + b"[" * 50 + b"]" * 50), "nested deeper than 20 levels"),
    Corruption("a format of the future", said("format", 3), "format 3, this program reads 2; update it"),
    Corruption("a format of the past", said("format", 1), "format 1, this program reads 2"),
    Corruption("a format that is a word", said("format", "two"), "format 'two', this program reads 2"),
    Corruption("a format with a point", said("format", 2.0), "format: .*valid integer"),
]

FALSE_STATEMENTS = [
    Corruption("an unknown key", said("surprise", 1), "surprise: Extra inputs are not permitted"),
    Corruption("an unknown file", said("files.extra", {"bytes": 1, "sha256": "0" * 64}), "files.extra: Extra"),
    Corruption("a key that rings a bell", said("a\x07b", 1), r"a\\x07b: Extra inputs"),
    Corruption("a name that leads elsewhere", said("name", "../../etc/passwd"), "name: String should match"),
    Corruption("a name of two lines", said("name", "default\nroot"), "name: String should match"),
    Corruption("a source that moves the cursor", said("training.source", "\x1b[2J"), "training.source: String should"),
    Corruption("a negative size", said("files.model.bytes", -1), "files.model.bytes: .*greater than or equal to 1"),
    Corruption("a size of nothing", said("files.model.bytes", 0), "files.model.bytes: .*greater than or equal to 1"),
    Corruption("a size of a terabyte", said("files.arrays.bytes", 10**12), "files.arrays.bytes: .*less than or equal"),
    Corruption("a size that is a word", said("files.model.bytes", True), "files.model.bytes: .*valid integer"),
    Corruption("a hash that is none", said("files.model.sha256", "x" * 64), "files.model.sha256: String should match"),
    Corruption("a hash too long", said("files.model.sha256", "a" * 65), "files.model.sha256: String should match"),
    Corruption("another hash", said("files.model.sha256", "a" * 64), f"model.joblib: .*{ALTERED}"),
    Corruption("no threshold", unsaid("threshold"), "threshold: Field required"),
    Corruption("a threshold above 1", said("threshold", 1.5), "threshold: .*less than or equal to 1"),
    Corruption("a threshold below 0", said("threshold", -0.1), "threshold: .*greater than or equal to 0"),
    Corruption("a threshold that is no number", said("threshold", float("nan")), "threshold: "),
    Corruption("a threshold that is true", said("threshold", True), "threshold: .*valid number"),
    Corruption("a class missing", said("classes", [0, 1]), "classes.2: Field required"),
    Corruption("a class twice", said("classes", [0, 1, 1]), "classes must name none .* once each"),
    Corruption("an unknown class", said("classes", [0, 1, 3]), "classes.2: Input should be 0, 1 or 2"),
    Corruption("long and short swapped", said("classes", [0, 2, 1]), GOLDEN),
    Corruption("none and long swapped", said("classes", [1, 0, 2]), GOLDEN),
    Corruption("another schema", said("features.schema_sha256", "0" * 64), "made for other features: schema 0000"),
    Corruption("permuted features", said("features.names", list(reversed(FEATURES))), "made for other features"),
    Corruption(
        "permuted features, schema made to fit",
        edited(permuted_names),
        r"golden row 0 has return_1 = .*, outside of reference",
    ),
    Corruption(
        "permuted features, schema and golden rows made to fit",
        both(edited(permuted_names), edited(permuted_golden_rows)),
        GOLDEN,
    ),
    Corruption("an unknown feature", said("features.names.0", "moon_phase"), "this program does not have .*moon_phase"),
    Corruption("a feature that knows the future", said("features.names.0", "kst"), "kst looks ahead"),
    Corruption("a feature twice", said("features.names.0", "return_1"), "'return_1' is asked for twice"),
    Corruption("no features", said("features.names", []), "features.names: .*at least 1 item"),
    Corruption("other parameters", said("features.parameters.rsi_14", [15]), "features.parameters or .*lookback"),
    Corruption("another lookback", said("features.lookback", 7), "features.parameters or features.lookback"),
    Corruption("another TA-Lib", said("versions.TA-Lib", "0.4.32"), "computed by TA-Lib 0.4.32, installed is"),
    Corruption("TA-Lib unknown", unsaid("versions.TA-Lib"), "computed by TA-Lib unknown, installed is"),
    Corruption("a release of two lines", said("versions.numpy", "2\n0"), "versions.numpy: String should match"),
    Corruption("another timeframe", said("training.timeframe", "15m"), "trained on 15m candles, timeframe is 5m"),
    Corruption("a timeframe that is none", said("training.timeframe", "7m"), "training.timeframe: Input should be"),
    Corruption("data that ends before it begins", said("training.last", "2001-01-01T10:00:00+05:30"), "must not come"),
    Corruption("a time without a zone", said("training.last", "2025-02-01T10:00:00"), "training.last: .*timezone"),
    Corruption("a time of year 9999", said("training.last", "9999-12-31T23:59:59-12:00"), "training.last: .*less than"),
    Corruption("a time of year 1", said("training.first", "0001-01-01T00:00:00+14:00"), "training.first: .*greater"),
    Corruption("no rows", said("training.rows", 0), "training.rows: .*greater than or equal to 1"),
    Corruption("rows that are true", said("training.rows", True), "training.rows: .*valid integer"),
    Corruption("rows of 4000 digits", said("training.rows", 10**4_000), "training.rows: .*less than or equal to"),
    Corruption("a seed of 4000 digits", said("training.seed", 10**4_000), "training.seed: .*less than 4294967296"),
    Corruption(
        "a spread of 4000 digits", said("labels.spread_ticks", 10**4_000), "labels.spread_ticks: .*less than or"
    ),
    Corruption("a path beside a file", said("files.model.path", "../../x"), "files.model.path: Extra inputs"),
    Corruption("a feature that is a path", said("features.names.0", "../../etc"), "this program does not have"),
    Corruption("a feature of a billion candles", said("features.names.0", "return_999999999"), "must be 1 to 500"),
    Corruption("no symbols", said("training.symbols", []), "training.symbols: .*at least 1 item"),
    Corruption("a symbol without a name", said("training.symbols", [""]), "symbols must have a name each"),
    Corruption("a symbol twice", said("training.symbols", ["NSE:SBIN-EQ"] * 2), "symbols must have a name each"),
    Corruption(
        "results that are no numbers", said("training.parts.all judged.rows", "inf"), "training.parts.all judged.rows: "
    ),
    Corruption("labels without a stop", said("labels.stop_atr", 0), "labels.stop_atr: .*greater than 0"),
    Corruption("a stop that is a word", said("labels.stop_atr", "2"), "labels.stop_atr: .*valid number"),
    Corruption("charges of no day", said("labels.charges_as_of", "2025-13-45"), "labels.charges_as_of: .*month"),
    Corruption("labels without a rule", unsaid("labels.rule"), "labels.rule: Field required"),
]

FALSE_PROOFS = [
    Corruption("NaN in a golden row", said("golden.5.features.0", float("nan")), "golden.5.features.0: "),
    Corruption("infinity in a golden row", said("golden.5.features.0", "inf"), "golden.5.features.0: .*valid number"),
    Corruption("a golden row too short", said("golden.5.features", [1.0]), "golden row 5 must have 3 features"),
    Corruption("a golden row too long", said("golden.5.features", [1.0] * 4), "golden row 5 must have 3 features"),
    Corruption("three golden rows", edited(lambda it: it.update(golden=it["golden"][:3])), "golden: .*at least 32"),
    Corruption("one golden row 32 times", edited(one_golden_row_many_times), "golden rows must differ"),
    Corruption("a probability above 1", said("golden.5.probabilities.0", 1.5), "golden.5.probabilities.0: .*less"),
    Corruption("a probability of NaN", said("golden.5.probabilities.1", float("nan")), "golden.5.probabilities.1: "),
    Corruption("probabilities of more than 1", said("golden.5.probabilities", [0.9, 0.9, 0.9]), "row 5 must add up"),
    Corruption("two probabilities", said("golden.5.probabilities", [0.5, 0.5]), "golden.5.probabilities.2: Field"),
    Corruption("another answer", said("golden.5.probabilities", [0.2, 0.3, 0.5]), "golden row 5 gives .*expected"),
    Corruption("a golden row of other data", said("golden.5.features.0", 1e6), "row 5 has rsi_14 = 1e[+]06, outside"),
    Corruption("no reference", unsaid("reference"), "reference: Field required"),
    Corruption("a reference too few", unsaid("reference.rsi_14"), "reference must describe each feature"),
    Corruption("quantiles that fall", said("reference.rsi_14.quantiles.0", 99.0), "quantiles must not fall"),
    Corruption("a quantile missing", said("reference.rsi_14.quantiles", [1.0] * 10), "quantiles: .*at least 11 items"),
    Corruption("a mean out of range", said("reference.rsi_14.mean", 900.0), "mean must lie within the quantiles"),
    Corruption("a limit of nothing", said("caution.novelty_limit", 0.0), "caution.novelty_limit: .*greater than 0"),
    Corruption("a session of NaN", said("caution.session_novelty.0", float("nan")), "caution.session_novelty.0: "),
    Corruption("sessions without rows", said("caution.session_rows", 0), "caution.session_rows: .*greater than or"),
    Corruption("sessions of 400 digits", said("caution.session_rows", 10**400), "caution.session_rows: .*less than or"),
    Corruption(
        "a limit that no row exceeds", said("caution.novelty_limit", 1e300), "caution.novelty_limit: .*less than"
    ),
    Corruption("a session surer than sure", said("caution.session_sureness.0", 1e300), "session_sureness.0: .*less"),
    Corruption("a session that varies beyond 1", said("caution.session_variety.0", 1e308), "session_variety.0: .*less"),
    Corruption("a session nearer than near", said("caution.session_novelty.0", -1.0), "session_novelty.0: .*greater"),
    Corruption("quantiles too far apart", edited(stretched_quantiles), r"manifest\.yaml: novelty needs one finite"),
    Corruption("a negative deviation", said("reference.rsi_14.deviation", -1.0), "deviation: .*greater than or equal"),
]

FALSE_ARRAYS = [
    Corruption("no archive", vouched("arrays", lambda _: b"PK no archive"), UNREADABLE),
    Corruption("an archive cut short", vouched("arrays", lambda raw: raw[:-30]), UNREADABLE),
    Corruption("a damaged entry", vouched("arrays", flipped), UNREADABLE),
    Corruption("a compressed bomb", vouched("arrays", squeezed), f"{UNREADABLE} .*is compressed"),
    Corruption(
        "an array that claims a terabyte",
        vouched("arrays", lambda _: archive_of(("mean.npy", header_of((10**6, 10**6))))),
        f"{UNREADABLE} .*claims the shape",
    ),
    Corruption(
        "an array without an end",
        vouched("arrays", lambda _: archive_of(("mean.npy", header_of((10**30,))))),
        f"{UNREADABLE} .*claims the shape",
    ),
    Corruption(
        "an entry twice",
        vouched("arrays", lambda _: archive_of(("mean.npy", b"a"), ("mean.npy", b"b"))),
        f"{UNREADABLE} .*two entries of one name",
    ),
    Corruption(
        "a thousand entries",
        vouched("arrays", lambda _: archive_of(*((f"{each}.npy", b"") for each in range(1_000)))),
        f"{UNREADABLE} .*1000 entries, at most 64",
    ),
    Corruption(
        "an entry that leads elsewhere",
        vouched("arrays", lambda _: archive_of(("../../mean.npy", header_of((1,)) + bytes(8)))),
        f"{UNREADABLE} .*has no name of an array",
    ),
    Corruption(
        "an archive within the archive",
        vouched("arrays", lambda raw: archive_of(("inner.npy", raw))),
        f"{UNREADABLE} .*no array of numbers",
    ),
    Corruption(
        "entries that share their bytes",
        vouched("arrays", lambda _: overlapping(archive_of(("mean.npy", header_of((10**6,)) + bytes(8 * 10**6))), 60)),
        f"{UNREADABLE} .*the entries claim",
    ),
    Corruption(
        "a header that is a program",
        vouched("arrays", lambda _: archive_of(("mean.npy", header_of((1,)).replace(b"False", b"exit()") + bytes(8)))),
        f"{UNREADABLE} .*no array of numbers",
    ),
    Corruption(
        "an entry that is no array",
        vouched("arrays", lambda _: archive_of(("mean.npy", b"no array"))),
        f"{UNREADABLE} .*no array of numbers",
    ),
    Corruption(
        "a hostile object among the arrays",
        lambda folder: arrays(
            lambda content: content.update(mean=np.array([Hostile(folder.parent / "run")], dtype=object))
        )(folder),
        f"{UNREADABLE} .*no array of numbers",
    ),
    Corruption("a word that is none", put("kind", no_word), f"{UNREADABLE} .*no character"),
    Corruption("an array missing", arrays(lambda content: content.pop("leaves")), f"{UNFIT} lacks the array leaves"),
    Corruption("an array of another type", put("leaves", lambda it: it.astype(np.float32)), f"{UNFIT}.*float32"),
    Corruption("a kind of the future", put("kind", lambda _: np.array("oracle")), f"{UNFIT} is of kind 'oracle', this"),
    Corruption("another kind", put("kind", lambda _: np.array("linear_model")), f"{UNFIT} lacks the array weights"),
    Corruption("an unknown calibration", put("calibration", lambda _: np.array("luck")), "calibration is 'luck'"),
    Corruption("a calibration without curves", arrays(lambda content: content.pop("slopes")), "the array slopes"),
    Corruption("a feature that is not there", put("features", first_is(7)), f"{UNFIT}.* features holds a place"),
    Corruption("a negative feature", put("features", first_is(-1)), f"{UNFIT}.* features holds a place"),
    Corruption("a threshold of NaN in a tree", put("thresholds", first_is(float("nan"))), f"{UNFIT}.*that is none"),
    Corruption("a scale of zero", put("scale", first_is(0.0)), "arrays.npz: .* a deviation that is not above 0"),
    Corruption("a tree missing", put("leaves", lambda it: it[:-1]), f"{UNFIT}.* array features holds int32 of shape"),
    Corruption("a leaf of NaN", put("leaves", lambda it: it * float("nan")), f"{UNFIT}.* leaves holds .*none or infin"),
    Corruption("leaves of more than all", put("leaves", lambda it: it * 5), r"arrays\.npz: a leaf .* add up to 1"),
    Corruption(
        "an array of no use", arrays(lambda content: content.update(extra=np.zeros(3))), "no use for the .*extra"
    ),
    Corruption(
        "a calibration left out", put("calibration", lambda _: np.array("none")), "no use for the array offsets"
    ),
    Corruption(
        "a kind of number that there is not",
        vouched("arrays", lambda _: archive_of(("mean.npy", header_of((1,)).replace(b"<f8", b"<f1") + bytes(8)))),
        f"{UNREADABLE} .*<f1",
    ),
    Corruption("another scaler", put("mean", lambda it: it + it.std()), GOLDEN),
    Corruption("a permuted scaler", put("mean", lambda it: it[::-1].copy()), GOLDEN),
    Corruption("permuted classes", put("leaves", lambda it: it[..., [0, 2, 1]]), GOLDEN),
    Corruption("the arrays of another model", of_other("arrays", vouched), GOLDEN),
]


def pickled(name: str, spoil: Spoil, reason: str, pin: Pin = Pin.PRESENT) -> Corruption:
    """A corruption of a bundle without arrays; unless said otherwise somebody pinned just this one."""
    return Corruption(f"pickles: {name}", spoil, reason, has_arrays=False, pin=pin)


FALSE_PICKLES = [
    pickled("not pinned", lambda folder: None, NO_PICKLE, Pin.NOTHING),
    pickled("hostile model that is vouched for", hostile("model", vouched), NO_PICKLE, Pin.NOTHING),
    pickled("hostile scaler that is vouched for", hostile("scaler", vouched), NO_PICKLE, Pin.NOTHING),
    pickled("hostile encoder that is vouched for", hostile("encoder", vouched), NO_PICKLE, Pin.NOTHING),
    pickled("hostile model, the sound one pinned", hostile("model", vouched), "manifest_sha256 demands", Pin.TRAINED),
    pickled("hostile model, not vouched for", hostile("model", altered), f"model.joblib: .*({ALTERED}|{HUGE})"),
    pickled("another scikit-learn", said("versions.scikit-learn", "0.24.1"), "pickled by scikit-learn 0.24.1"),
    pickled("scikit-learn unknown", unsaid("versions.scikit-learn"), "pickled by scikit-learn unknown"),
    pickled("another numpy", said("versions.numpy", "1.19.5"), "pickled by numpy 1.19.5, installed is"),
    pickled("model and scaler swapped", both(swapped, vouch_for_all), "model: a StandardScaler has no predict_proba"),
    pickled("a dictionary for a model", vouched("model", lambda _: dumped({})), "model: a dict has no predict_proba"),
    pickled("a compressed model", vouched("model", lambda _: dumped([0] * 999, compress=3)), "model: .*compressed"),
    pickled("no pickle", vouched("scaler", lambda _: b"no pickle"), "scaler: not readable as a pickle"),
    pickled("half a pickle", vouched("scaler", lambda raw: raw[:40]), "scaler: not readable as a pickle"),
    pickled("a class that is not there", vouched("model", lambda _: GONE), "model: not readable as a pickle"),
    pickled("another encoder", estimator("encoder", turned("classes_")), "the encoder's classes .* are not the man"),
    pickled(
        "a model of two classes", estimator("model", lambda it: setattr(it, "classes_", [0, 1])), "model's classes"
    ),
    pickled("another scaler", of_other("scaler", vouched), GOLDEN),
    pickled("a permuted scaler", estimator("scaler", turned("mean_")), GOLDEN),
    pickled("a scaler of fewer features", estimator("scaler", having("n_features_in_", 2)), "takes 2 features"),
    pickled(
        "a scaler that is too short", estimator("scaler", having("mean_", np.zeros(2))), "do not answer .*broadcast"
    ),
    pickled("a scaler of words", estimator("scaler", having("scale_", "x")), "do not answer .*astype"),
    pickled(
        "a scaler of x features", estimator("scaler", having("n_features_in_", "x")), "hold no estimators .*literal"
    ),
    pickled("an encoder of a number", estimator("encoder", having("classes_", 5)), "hold no estimators .*iterable"),
    pickled("a calibration of nothing", estimator("model", having("calibrated_classifiers_", None)), "no estimators"),
]
CORRUPTIONS = [
    *CHANGED_FILES, *NO_MANIFESTS, *FALSE_STATEMENTS, *FALSE_PROOFS, *FALSE_ARRAYS, *FALSE_PICKLES,
]  # fmt: skip

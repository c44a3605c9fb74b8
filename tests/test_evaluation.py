"""`evaluate`: every kind of input, switches and sets at their limits, and what must not change the numbers."""

import inspect
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gan_probe
from gan_probe import data, metrics, types

RNG = np.random.default_rng(0)


def rows(n=60, d=3, scale=1.0, shift=0.0):
    return (scale * RNG.normal(size=(n, d)) + shift).astype(np.float32)


def images(n=60, channels=1):
    return RNG.integers(0, 256, (n, 4, 4, channels), np.uint8)


def labelled(array, labels):
    return data.from_array(array, name="labelled", labels=labels)


REAL, FAKE, TRAIN = rows(), rows(), rows()
SAME = np.repeat(rows(1), 60, axis=0)
THREE = [i % 3 for i in range(60)]
FEW = ["kid", "coverage"]
CONTENT = ("inputs", "embedding", "results", "verdicts", "skipped")


def content(results):
    return {part: results[part] for part in CONTENT}


def close(a, b, relative=1e-6, path=""):
    """Whether two JSON-ready trees agree: numbers to `relative`, all else exactly."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key in a:
            scale = 1000 if key.startswith("times_1000") else 1  # 1e-6 of the largest term summed
            close(a[key], b[key], scale * relative, f"{path}/{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            close(x, y, relative, f"{path}/{i}")
    elif isinstance(a, float) and isinstance(b, float):
        assert math.isclose(a, b, rel_tol=relative, abs_tol=relative), (path, a, b)
    else:
        assert a == b, path


# What may be given


@pytest.mark.parametrize(
    "give",
    [
        lambda x: jnp.asarray(x),
        lambda x: x.astype(np.float64),
        lambda x: Dlpack(x),
        lambda x: list(x),
        lambda x: Source(x),
        lambda x: data.from_array(x, name="mine"),
    ],
    ids=["jax", "float64", "dlpack", "list", "source", "samples"],
)
def test_every_kind_of_set_gives_the_same_numbers(give):
    expected = gan_probe.evaluate(real=REAL, fake=FAKE, train=TRAIN, metrics=FEW)["results"]
    found = gan_probe.evaluate(real=give(REAL), fake=give(FAKE), train=give(TRAIN), metrics=FEW)["results"]
    assert found == expected


class Dlpack:
    """What a tensor of another library shows: dlpack and nothing else."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **settings):
        return self._array.__dlpack__(**settings)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


class Source:
    """The least that tfds.data_source and grain satisfy; callable, as some loaders are, and still no generator."""

    def __init__(self, array):
        self._array = array

    def __len__(self):
        return len(self._array)

    def __getitem__(self, index):
        return self._array[index]

    def __call__(self, *_):
        raise AssertionError("a Source is indexed, not called")


def test_a_generator_is_sampled_in_batches_with_keys_of_its_own():
    asked = []

    def sample(key, n):
        asked.append((n, tuple(np.asarray(jax.random.key_data(key)))))
        return jax.random.normal(key, (n, 3))

    found = gan_probe.evaluate(real=REAL, fake=sample, n_fake=1100, metrics=["kid"], key=3)
    assert [n for n, _ in asked] == [512, 512, 76]
    assert len({key for _, key in asked}) == 3
    assert found["inputs"]["fake"]["n"] == 1100
    again = gan_probe.evaluate(real=REAL, fake=sample, n_fake=1100, metrics=["kid"], key=3)
    assert content(found) == content(again)
    other = gan_probe.evaluate(real=REAL, fake=sample, n_fake=1100, metrics=["kid"], key=4)
    assert found["inputs"]["fake"]["sha256"] != other["inputs"]["fake"]["sha256"]


def test_a_generator_makes_as_many_as_real_by_default():
    found = gan_probe.evaluate(real=REAL, fake=lambda key, n: jax.random.normal(key, (n, 3)), metrics=["kid"])
    assert found["inputs"]["fake"]["n"] == len(REAL)


def test_several_fakes_are_as_each_alone():
    fakes = {"one": FAKE, "<script>": rows(40), "ü\n": SAME}
    together = gan_probe.evaluate(real=REAL, fake=fakes, metrics=FEW)
    for name, fake in fakes.items():
        alone = gan_probe.evaluate(real=REAL, fake=fake, metrics=FEW)
        assert together["results"][name] == alone["results"]["fake"]
        assert together["verdicts"][name] == alone["verdicts"]["fake"]


@pytest.mark.parametrize("key", [jax.random.key(7), jax.random.PRNGKey(7), np.int64(7)], ids=["typed", "raw", "numpy"])
def test_a_jax_key_is_its_seed(key):
    expected = gan_probe.evaluate(real=REAL, fake=FAKE, metrics=FEW, key=7)
    assert expected["seed"] == 7
    assert content(gan_probe.evaluate(real=REAL, fake=FAKE, metrics=FEW, key=key)) == content(expected)


def test_metrics_as_text_or_list_in_any_order():
    def names(asked):
        return list(gan_probe.evaluate(real=REAL, fake=FAKE, train=TRAIN, metrics=asked)["results"]["fake"])

    assert names(" kid ,,coverage,kid,") == names(("kid", "coverage")) == ["kid", "coverage"]
    assert set(names("all,kid")) == set(names("all")) == set(names(["all"]))


def test_switches_of_other_metrics_play_no_part():
    """k=4 is refused by c2st alone, and no ball of 600 neighbours is asked for."""
    for k in (4, 600):
        gan_probe.evaluate(real=REAL, fake=FAKE, metrics="kid", k=k)


# What may not


BAD = {
    "k=0": ({"k": 0}, "--k=0: must be at least 1"),
    "k<0": ({"k": -3}, "--k=-3"),
    "k=2.5": ({"k": 2.5}, "whole number"),
    "k text": ({"k": "5"}, "whole number"),
    "k > n": ({"k": 60}, "60 rows, fewer than k\\+1=61"),
    "threshold<0": ({"threshold": -1.0}, "--threshold=-1.0"),
    "threshold NaN": ({"threshold": math.nan}, "finite"),
    "copy_threshold<0": ({"copy_threshold": -1}, "--copy_threshold=-1"),
    "scale=0": ({"scale": 0}, "--scale=0"),
    "scale NaN": ({"scale": math.nan}, "--scale=nan"),
    "scale text": ({"scale": "mediam"}, "--scale=mediam"),
    "no scale": ({"scale": []}, "--scale"),
    "degree=0": ({"degree": 0}, "--degree=0"),
    "gamma inf": ({"gamma": math.inf}, "--gamma=inf"),
    "coef<0": ({"coef": -1.0}, "--coef"),
    "ddof": ({"ddof": 2}, "--ddof=2: must be 0 or 1"),
    "ties": ({"ties": "=="}, "--ties==="),
    "distance": ({"distance": "cosine"}, "--distance=cosine"),
    "of a metric not asked for": ({"metrics": "kid", "projections": -1}, "--projections=-1"),
    "unknown switch": ({"thresold": 1.0}, "did you mean threshold"),
    "unknown metric": ({"metrics": "kidd"}, "did you mean kid"),
    "a metric's other name": ({"metrics": "FID"}, "did you mean frechet"),
    "no bandwidth": ({"metrics": "rke", "bandwidth": "mediam"}, "bandwidth=mediam: must be"),
    "no metric": ({"metrics": []}, "--metrics names none"),
    "empty metrics": ({"metrics": ""}, "--metrics names none"),
    "named but needs train": ({"metrics": ["memorization"]}, "memorization of fake: needs the training set"),
    "named but needs labels": ({"metrics": "modes"}, "modes of fake: needs labels"),
    "embed": ({"embed": "pixel"}, "did you mean pixels"),
    "rank": ({"embed": "pca:4"}, "lower K"),
    "key<0": ({"key": -1}, "seed=-1"),
    "key text": ({"key": "a"}, "key='a'"),
    "key None": ({"key": None}, "key=None"),
    "key huge": ({"key": 2**40}, "seed="),
    "memory": ({"memory_gb": math.nan}, "--memory_gb"),
    "tile": ({"tile": 0}, "--tile=0"),
    "devices": ({"devices": 99}, "devices=99"),
    "no devices": ({"devices": 0}, "devices=0"),
    "dimensions": ({"fake": rows(60, 4)}, "holds features \\[3\\].*features \\[4\\]"),
    "kinds": ({"fake": images()}, "holds features.*images"),
    "one row": ({"fake": rows(1)}, "fake has 1 rows"),
    "NaN": ({"fake": FAKE * np.float32(np.nan)}, "fake: row 0 holds NaN"),
    "nothing": ({"fake": []}, "empty"),
    "None": ({"fake": None}, "fake: a NoneType is no set"),
    "no fakes": ({"fake": {}}, "no fake is given"),
    "name taken": ({"fake": {"train": FAKE}}, "'train' is no name"),
    "name no text": ({"fake": {3: FAKE}}, "3 is no name"),
    "too large": ({"real": REAL * np.float32(1e30)}, "divide all sets"),
    "too small": ({"real": REAL * np.float32(1e-30)}, "divide all sets"),
    "real a function": ({"real": lambda key, n: rows(n)}, "real is a function"),
    "n_fake=0": ({"fake": lambda key, n: rows(n), "n_fake": 0}, "n_fake=0"),
    "function gives None": ({"fake": lambda key, n: None}, "asked for 60 samples"),
    "function gives more": ({"fake": lambda key, n: rows(n + 1)}, "asked for 60 samples"),
    "function changes": ({"fake": lambda key, n: rows(n, 3 if n == 512 else 4), "n_fake": 600}, "make them equal"),
    "function gives floats": ({"fake": lambda key, n: rows(n, 48).reshape(n, 4, 4, 3)}, "must be uint8"),
    "missing path": ({"fake": "digits/faithfull"}, "did you mean digits/faithful"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_a_user_error_of_one_line(case):
    given, what = BAD[case]
    with pytest.raises(types.UserError, match=what) as caught:
        gan_probe.evaluate(**{"real": REAL, "fake": FAKE, **given})
    assert "\n" not in str(caught.value)


def test_a_wrong_fake_costs_no_reading_of_real():
    class Untouchable(Source):
        def __getitem__(self, index):
            if index > 0:
                raise AssertionError("real was read")
            return super().__getitem__(index)

    with pytest.raises(types.UserError, match="does not exist"):
        gan_probe.evaluate(real=Untouchable(REAL), fake="no/such/folder")


# Sets at their limits: every metric finite or skipped (conftest checks schema and finiteness)

LIMITS = {
    "n=6": {"real": rows(6), "fake": rows(6), "train": rows(6)},
    "n=20": {"real": rows(20), "fake": rows(20), "train": rows(20)},
    "few fakes": {"fake": rows(21)},
    "many fakes": {"fake": rows(300)},
    "large": {"real": rows(scale=1e6), "fake": rows(scale=1e6), "train": rows(scale=1e6)},
    "far": {"real": rows(shift=1e6), "fake": rows(shift=1e6), "train": rows(shift=1e6)},
    "small": {"real": rows(scale=1e-12), "fake": rows(scale=1e-12), "train": rows(scale=1e-12)},
    "one point": {"real": SAME, "fake": SAME, "train": SAME},
    "fake is one point": {"fake": SAME},
    "real is one point": {"real": SAME},
    "two points": {"real": SAME, "fake": SAME + 1, "train": SAME},
    "duplicates": {"real": np.tile(REAL[:10], (6, 1)), "fake": np.tile(FAKE[:10], (6, 1))},
    "line": {"real": rows(60, 1) * np.ones((1, 3), np.float32), "fake": rows(60, 1) * np.ones((1, 3), np.float32)},
    "outlier": {"real": np.concatenate([REAL[:59], rows(1, scale=1e12)])},
    "threshold": {"threshold": 0.1},
    "huge threshold": {"threshold": 1e9, "copy_threshold": 1e9},
    "tiny threshold": {"threshold": 1e-30, "ddof": 0},
    "other switches": {
        "real": rows(149), "fake": rows(150), "k": 1, "ties": "<=", "scale": [1, "median", 1e-8, 1e8],
        "distance": "euclidean",
    },
    "beyond floats": {"degree": 30, "scale": 1e-40},
    "labels": {"real": labelled(REAL, THREE), "fake": labelled(FAKE, [i % 2 for i in range(60)])},
    "labels of other classes": {"real": labelled(REAL, ["a", "b"] * 30), "fake": labelled(FAKE, ["c", "d"] * 30)},
    "one class": {"real": labelled(REAL, ["a"] * 60), "fake": labelled(FAKE, ["a"] * 60)},
    "one label is large": {"real": labelled(REAL, [99_999] * 30 + [5] * 30), "fake": labelled(FAKE, [7] * 60)},
    "labels of equal rows": {"real": labelled(SAME, THREE), "fake": SAME},
    "only fake labelled": {"fake": labelled(FAKE, THREE)},
    "annotated from train": {"train": labelled(TRAIN, THREE)},
    "train of other classes": {"real": labelled(REAL, ["a", "b"] * 30), "train": labelled(TRAIN, ["c", "d"] * 30)},
    "few labels": {"real": labelled(rows(6), [0, 1, 2] * 2), "fake": rows(6), "train": rows(6)},
    "labels are row numbers": {"real": labelled(REAL, list(range(60)))},
}  # fmt: skip
SLOW = {"train of other classes", "few labels", "labels are row numbers"}  # each compiles another annotator
WITHOUT_MODES = {"one class", "only fake labelled", "labels of other classes", "one label is large"}


@pytest.mark.parametrize("case", [pytest.param(c, marks=[pytest.mark.slow] if c in SLOW else []) for c in LIMITS])
def test_sets_at_their_limits(case):
    given = {"real": REAL, "fake": FAKE, "train": TRAIN, **LIMITS[case]}
    found = gan_probe.evaluate(**given)
    answered = {**found["results"]["fake"], **found["skipped"]["fake"]}
    assert set(answered) == set(metrics.METRICS)
    has_labels = any(isinstance(s, types.Samples) and s.labels is not None for s in given.values())
    assert ("modes" in found["results"]["fake"]) == (has_labels and case not in WITHOUT_MODES)


def test_one_feature():
    found = gan_probe.evaluate(
        real=rows(30, 1), fake=rows(30, 1), metrics=["frechet", "frechet_limit", "kid", "recall"]
    )
    assert found["skipped"]["fake"] == {}


def test_more_features_than_rows():
    names = ["frechet", "kid", "recall", "vendi", "rke", "mmd_rbf", "spectrum"]
    found = gan_probe.evaluate(real=rows(30, 100), fake=rows(25, 100), metrics=names)
    assert found["skipped"]["fake"] == {}
    with pytest.raises(types.UserError, match=r"must exceed .*100 features"):
        gan_probe.evaluate(real=rows(30, 100), fake=rows(25, 100), metrics=["frechet_limit"])


def test_images_have_pictures_of_their_closest_pairs():
    reference = gan_probe.Reference(real=images(), train=images())
    from gan_probe import evaluation

    results, pictures = evaluation.evaluate_against(reference, {"g": images()}, metrics=["birthday", "memorization"])
    assert pictures["g/grid"].shape == (48, 4, 4, 1) and pictures["real/grid"].dtype == np.uint8
    closest = results["results"]["g"]["birthday"]["detail"]["closest"]
    assert pictures["g/closest"].shape == (len(closest), 3, 4, 4, 1)
    copies = results["results"]["g"]["memorization"]["detail"]["closest"]
    assert pictures["g/copies"].shape == (len(copies), 2, 4, 4, 1)
    gap = pictures["g/copies"].astype(np.float64) / 255
    lengths = np.sqrt(((gap[:, 0] - gap[:, 1]) ** 2).sum(axis=(1, 2, 3)))
    np.testing.assert_allclose(lengths, [c["distance"] for c in copies], rtol=1e-6)


def test_one_class_of_all_is_no_labels_and_other_classes_count_as_missing():
    found = gan_probe.evaluate(real=labelled(REAL, ["a", "b"] * 30), fake=labelled(FAKE, ["b"] * 60))
    detail = found["results"]["fake"]["modes"]["detail"]
    assert detail["classes"] == ["a", "b"] and detail["missing"] == ["a"] and detail["fake"] == [0.0, 1.0]


def test_classes_are_matched_by_name_not_by_number():
    # "b" is class 1 of real and class 0 of fake.
    found = gan_probe.evaluate(real=labelled(REAL, ["a", "b"] * 30), fake=labelled(FAKE, ["b", "c"] * 30))
    detail = found["results"]["fake"]["modes"]["detail"]
    assert dict(zip(detail["classes"], detail["fake"], strict=True)) == {"a": 0.0, "b": 0.5, "c": 0.5}
    assert dict(zip(detail["classes"], detail["real"], strict=True)) == {"a": 0.5, "b": 0.5, "c": 0.0}


def test_a_set_given_twice_is_warned_of():
    inputs = gan_probe.evaluate(real=REAL, fake=REAL, train=REAL, metrics=FEW)["inputs"]
    assert {name: given["notes"] for name, given in inputs.items()} == {
        "real": [],
        "train": ["warning: the same content as real"],
        "fake": ["warning: the same content as real", "warning: the same content as train"],
    }


# What must not change the numbers


def test_two_runs_are_bit_identical():
    given = {"real": labelled(REAL, THREE), "fake": FAKE, "train": TRAIN}
    assert content(gan_probe.evaluate(**given)) == content(gan_probe.evaluate(**given))


def numbers_only(results):
    """Results without what names rows, which another order of the rows must change."""
    return {
        name: {k: v for k, v in r.items() if k != "detail"} | {"detail": _numbers(r["detail"])}
        for name, r in results["results"]["fake"].items()
    }


def _numbers(detail):
    named = ("closest", "pairs", "paper", "histogram", "memorised", "warning")
    return {k: v for k, v in detail.items() if k not in named}


BIG = {"real": rows(700, 12), "fake": rows(650, 12), "train": rows(600, 12)}


@pytest.mark.parametrize("role", ["fake", "real", "train"])
def test_the_order_of_rows_does_not_matter(role):
    expected = gan_probe.evaluate(**BIG)
    order = np.random.default_rng(1).permutation(len(BIG[role]))
    found = gan_probe.evaluate(**{**BIG, role: BIG[role][order]})
    close(numbers_only(found), numbers_only(expected))


def test_the_size_of_tiles_does_not_matter():
    close(gan_probe.evaluate(**BIG, tile=16)["results"], gan_probe.evaluate(**BIG)["results"])


def test_devices_do_not_matter(on_devices, tmp_path):
    path, chosen = tmp_path / "sets.npz", "ddm,birthday,memorization,kid"
    np.savez(path, **BIG)
    program = """
        import json, sys
        import jax, numpy as np
        import gan_probe
        assert jax.local_device_count() == 4
        with np.load(sys.argv[1]) as sets:
            sets = {k: sets[k] for k in sets.files}
            print(json.dumps(gan_probe.evaluate(**sets, metrics=sys.argv[2])))
    """
    found = on_devices(4, inspect.cleandoc(program), path, chosen)
    assert found["environment"]["devices"] == 4
    close(found["results"], json.loads(json.dumps(gan_probe.evaluate(**BIG, metrics=chosen)["results"])))


def test_compiling_is_a_stage_of_its_own():
    rng = np.random.default_rng(0)
    sets = {"real": rng.normal(size=(90, 19)).astype(np.float32), "fake": rng.normal(size=(80, 19)).astype(np.float32)}
    first, again = (gan_probe.evaluate(**sets, metrics="ddm,kid")["timings"] for _ in range(2))
    assert first["compiling"]["seconds"] > 0 and again["compiling"]["seconds"] == 0
    assert all(line["seconds"] >= 0 for line in first.values())


def test_the_largest_seed():
    rng = np.random.default_rng(0)
    sets = {"real": rng.normal(size=(60, 3)).astype(np.float32), "fake": rng.normal(size=(60, 3)).astype(np.float32)}
    found = gan_probe.evaluate(**sets, metrics="prd", key=2**32 - 1)
    assert 0 <= found["results"]["fake"]["prd"]["value"] <= 1

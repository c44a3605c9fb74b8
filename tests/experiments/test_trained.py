"""What took long is made once: a second call reads it."""

import numpy as np

from gan_probe.experiments import trained


def test_arrays_are_made_once(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return {"value": np.arange(3.0), "noise": np.zeros(2)}

    one, two = (trained.computed(tmp_path / "new" / "held.npz", make) for _ in range(2))
    assert len(calls) == 1 and set(one) == set(two) == {"value", "noise"}
    np.testing.assert_array_equal(one["value"], two["value"])
    (tmp_path / "new" / "held.npz").write_bytes(b"PK damaged")
    again = trained.computed(tmp_path / "new" / "held.npz", make)
    assert len(calls) == 2 and set(again) == set(one)

"""Folders of classes stay inside the folder of the samples, one a class."""

import pytest

from gan_probe.commands import sample


@pytest.mark.parametrize(
    ("classes", "folders"),
    [
        (["cat", "Smiling,Male"], ["cat", "Smiling,Male"]),
        (["Smiling=0", "Smiling=1"], ["Smiling=0", "Smiling=1"]),
        (["..", "a"], ["000", "001"]),
        (["a/b", "a_b"], ["000", "001"]),
        (["A", "a"], ["000", "001"]),
        (["../x", "b"], ["_x", "b"]),
        ([], []),
    ],
)
def test_a_class_names_its_folder_where_it_can(classes, folders):
    assert sample._folders(classes) == folders

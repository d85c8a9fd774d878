"""Which embeddings of a fold are probed, and what the probes are fitted on."""

import numpy as np
import pandas as pd
import pytest

from nightjar.errors import InputError
from nightjar.judging import clip, embedded
from nightjar.params import ProbeClip

SETTINGS = ProbeClip(
    neighbours=[1], class_groups=["Ia", "II", "Ibc"], outlier=0.15, redshift_low=0.15
)


@pytest.fixture
def arrays():
    """Four objects; the first two have two spectra each."""
    rng = np.random.default_rng(0)
    spectrum = rng.normal(size=(4, 3))
    every = np.vstack([spectrum[[0]], -spectrum[[0]], spectrum[1:], -spectrum[[1]]])
    return {
        "object_id": np.array(list("abcd")),
        "light_curve": rng.normal(size=(4, 3)),
        "spectrum": spectrum,
        "every_spectrum": every,
        "owner": np.array([0, 0, 1, 2, 3, 1]),
    }


def test_what_is_written_is_read(arrays, tmp_path):
    np.savez(tmp_path / "fold_0.npz", **arrays, other=np.zeros(2))
    found = embedded.of_fold(tmp_path / "fold_0.npz")
    assert found.keys() == arrays.keys()
    for name, values in arrays.items():
        assert np.array_equal(found[name], values)


@pytest.mark.parametrize("name", ["every_spectrum", "owner"])
def test_embeddings_of_an_earlier_version_are_refused(arrays, tmp_path, name):
    del arrays[name]
    np.savez(tmp_path / "fold_0.npz", **arrays)
    with pytest.raises(
        InputError, match=rf"fold_0\.npz: has no {name}; run the stage finetune_clip"
    ):
        embedded.of_fold(tmp_path / "fold_0.npz")


@pytest.mark.parametrize("owner", [[0, 0, 1, 2, 4, 1], [0, 0, -1, 2, 3, 1], [0, 1, 2]])
def test_owners_that_are_no_rows_are_refused(arrays, tmp_path, owner):
    np.savez(tmp_path / "fold_0.npz", **arrays | {"owner": np.array(owner)})
    with pytest.raises(InputError, match=r"owner does not give a row, 0 to 3"):
        embedded.of_fold(tmp_path / "fold_0.npz")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04cut"])
def test_a_missing_or_damaged_file(tmp_path, content):
    path = tmp_path / "simulated.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"simulated\.npz: not readable .*finetune_clip again"):
        embedded.simulated(path)


def test_a_light_curve_stands_beside_each_of_its_objects_spectra(arrays):
    found = {kind.name: kind for kind in embedded.kinds("maven", arrays)}
    assert list(found) == [
        "maven",
        "maven_spectrum",
        "maven_joint",
        "maven_every_spectrum",
        "maven_joint_every_spectrum",
        "maven_mean_spectrum",
        "maven_joint_mean_spectrum",
    ]
    joint = found["maven_joint_every_spectrum"]
    assert np.array_equal(joint.embeddings, found["maven_joint"].embeddings)
    assert np.array_equal(joint.teachers.embeddings[:, :3], arrays["light_curve"][arrays["owner"]])
    assert np.array_equal(joint.teachers.embeddings[:, 3:], arrays["every_spectrum"])


def test_without_a_second_spectrum_nothing_is_probed_twice(arrays):
    one = arrays | {"every_spectrum": arrays["spectrum"], "owner": np.arange(4)}
    names = [kind.name for kind in embedded.kinds("maven", one)]
    assert names == ["maven", "maven_spectrum", "maven_joint"]


def test_teachers_are_of_the_training_part_and_an_object_counts_once():
    """Objects 0, 1, 2 have 3, 1, 2 of them; the training part is 0 and 2: weights 1/3 and 1/2."""
    teachers = clip.Teachers(np.arange(6.0)[:, None], np.array([0, 2, 0, 1, 2, 0]))
    part = teachers.part(np.array([0.5, 0.6, 0.7]), np.array([0, 2]))
    assert part.embeddings[:, 0].tolist() == [0, 1, 2, 4, 5]
    assert part.target.tolist() == [0.5, 0.7, 0.5, 0.7, 0.5]
    np.testing.assert_allclose(part.weight, [1 / 3, 1 / 2, 1 / 3, 1 / 2, 1 / 3])


def sample():
    """Nine objects of three classes and nine redshifts; thirds train, validate and are scored.

    What stands for a training object says nothing: all zeros; its second spectrum says it all.
    """
    names = np.repeat(["Ia", "II", "Ibc"], 3)
    redshift = np.repeat([0.01, 0.05, 0.09], 3)
    objects = pd.DataFrame({"object_id": np.arange(9), "class": names, "redshift": redshift})
    rows = {each: np.arange(k, 9, 3) for k, each in enumerate(("train", "validation", "test"))}
    good = np.repeat(np.eye(3), 3, axis=0)
    default = good.copy()
    default[rows["train"]] = 0
    every = np.vstack([default, good[rows["train"]] * 1.01])
    return default, objects, rows, clip.Teachers(every, np.append(np.arange(9), rows["train"]))


def test_probes_learn_from_spectra_that_are_not_the_default():
    default, objects, rows, teachers = sample()
    alone = clip.judge_embeddings(default, objects, rows, SETTINGS).scores
    taught = clip.judge_embeddings(default, objects, rows, SETTINGS, teachers).scores
    assert alone["class3_accuracy"] == pytest.approx(1 / 3)
    assert taught["class3_accuracy"] == 1
    assert taught["redshift_l1"] < alone["redshift_l1"]


def test_one_embedding_of_each_object_teaches_what_itself_does():
    rng = np.random.default_rng(1)
    _, objects, rows, _ = sample()
    embeddings = rng.normal(size=(9, 3))
    alone = clip.judge_embeddings(embeddings, objects, rows, SETTINGS)
    taught = clip.judge_embeddings(
        embeddings, objects, rows, SETTINGS, clip.Teachers(embeddings, np.arange(9))
    )
    assert alone.scores == pytest.approx(taught.scores)


def test_all_of_a_model_on_one_fold(arrays):
    rows = {"train": np.array([0, 1]), "validation": np.array([2]), "test": np.array([2, 3])}
    objects = pd.DataFrame({"object_id": list("abcd"), "class": "Ia", "redshift": 0.1})
    peak = np.array([18.0, 18.0, 18.0, 18.2])
    found = embedded.judge("maven", arrays, objects, rows, peak, SETTINGS)
    assert next(iter(found)) == "maven"
    retrieval = {k for k in found["maven"].scores if k.startswith("retrieval_")}
    assert {"retrieval_auc", "retrieval_reverse_recall_at_5", "retrieval_auc_alike"} <= retrieval
    # both scored objects are alike: the area among them is the area among all
    scores = found["maven"].scores
    assert scores["retrieval_auc_alike"] == scores["retrieval_auc"]
    assert not {k for k in found["maven_joint"].scores if k.startswith("retrieval_")}

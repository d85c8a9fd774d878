"""Conversion of tables to a sample: nothing lost silently, whatever the order of the rows."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightjar import samples
from nightjar.errors import InputError
from nightjar.samples.names import designations
from nightjar.samples.objects import with_groups
from nightjar.samples.positions import groups_of
from nightjar.samples.spool import Spool
from nightjar.tables import Tables

DEFAULTS = {"bands": None, "classes": None, "min_points": 1, "group_radius": 1.0, "progress": False}


def rows(text: str) -> pd.DataFrame:
    """Photometry from lines of ``object band time [mag]``."""
    parts = [line.split() for line in text.strip().splitlines()]
    return pd.DataFrame(
        {
            "object_id": [p[0] for p in parts],
            "band": [p[1] for p in parts],
            "time": [float(p[2]) for p in parts],
            "mag": [float(p[3]) if len(p) > 3 else 18.0 for p in parts],
            "mag_err": 0.1,
        }
    )


def spectra(*ids: str, **columns) -> pd.DataFrame:
    pixels = [np.array([4000.0, 5000.0])] * len(ids)
    base = {"object_id": list(ids), "time": 58000.0, "wavelength": pixels, "flux": pixels}
    return pd.DataFrame(base | columns)


def write(path, objects, photometry, **options):
    """Convert and read back: (sample, counts)."""
    frame = objects if isinstance(objects, pd.DataFrame) else pd.DataFrame({"object_id": objects})
    shots = options.pop("spectra", [])
    tables = Tables(frame, photometry, shots, drops=Counter(options.pop("drops", {})))
    counts = samples.write(tables, path / "s", **(DEFAULTS | options))
    return samples.open(path / "s"), counts


def test_points_are_placed_by_object_and_sorted_by_time(tmp_path):
    chunks = [rows("b g 3 1\na r 2 2\nb g 1 3"), rows("a g 2 4\na g 1 5")]
    sample, counts = write(tmp_path, ["a", "b"], chunks)
    curves = sample.light_curves
    assert curves.bands == ("g", "r")
    assert curves[0].value.tolist() == [5, 4, 2]  # times 1, 2, 2: the tie goes by band
    assert curves[0].band.tolist() == [0, 0, 1]
    assert curves[1].time.tolist() == [1, 3]
    assert not counts


def test_exact_repeats_keep_the_first(tmp_path):
    photometry = rows("a g 1 10\na r 1 11\na g 1 12\na g 2 13")
    sample, counts = write(tmp_path, ["a"], [photometry])
    assert sample.light_curves[0].value.tolist() == [10, 11, 13]
    assert counts == {"photometry_repeated": 1}


def test_unknown_objects_and_the_readers_own_counts(tmp_path):
    _, counts = write(tmp_path, ["a"], [rows("a g 1\nx g 1\nx g 2")], drops={"files_skipped": 3})
    assert counts == {"photometry_object_id_unknown": 2, "files_skipped": 3}


def test_band_groups_prefer_the_first_band_with_enough_points(tmp_path):
    photometry = rows(
        "a g 1\na g 2\na B 1\na B 2\na B 3\na z 1\n"  # g has min_points: g, though B has more
        "b g 1\nb B 1\nb B 2\n"  # g has too few, B enough: B
        "c B 1\nc R 1"  # none has enough: the fullest
    )
    sample, counts = write(
        tmp_path,
        ["a", "b", "c"],
        [photometry],
        bands={"blue": ["g", "B"], "red": ["R"]},
        min_points=2,
    )
    assert sample.light_curves.bands == ("blue", "red")
    assert np.diff(sample.light_curves.offsets).tolist() == [2, 2, 2]
    assert sample.light_curves[2].band.tolist() == [0, 1]
    assert sample.objects["band_blue"].tolist() == ["g", "B", "B"]
    assert "band_red" not in sample.objects  # one raw band: nothing to say
    assert counts["photometry_band_not_used"] == 4  # a: three of B; b: one of g
    assert counts["photometry_band_not_listed"] == 1  # a: z


def test_repeats_do_not_make_a_band_good_enough(tmp_path):
    photometry = rows("a g 1\na g 1\na B 1\na B 2")
    sample, _ = write(tmp_path, ["a"], [photometry], bands={"x": ["g", "B"]}, min_points=2)
    assert sample.objects["band_x"].tolist() == ["B"]


def test_band_in_two_groups_is_refused(tmp_path):
    with pytest.raises(InputError, match="listed twice"):
        write(tmp_path, ["a"], [rows("a g 1")], bands={"x": ["g"], "y": ["g"]})


def test_few_points_drop_an_object_unless_it_has_a_spectrum(tmp_path):
    sample, counts = write(
        tmp_path,
        ["a", "b", "c", "d"],
        [rows("a g 1\nb g 1\nc g 1\nc g 2")],
        spectra=[spectra("b", "d", "x")],
        min_points=2,
    )
    assert sample.objects["object_id"].tolist() == ["b", "c", "d"]
    assert np.diff(sample.light_curves.offsets).tolist() == [1, 2, 0]
    assert sample.spectra.object_id.tolist() == ["b", "d"]
    assert counts["objects_too_few_points"] == 1
    assert counts["photometry_object_too_few_points"] == 1
    assert counts["spectra_object_id_unknown"] == 1


def test_rest_frame_needs_a_redshift(tmp_path):
    objects = pd.DataFrame({"object_id": ["a", "b"], "redshift": [0.1, np.nan]})
    sample, counts = write(
        tmp_path, objects, [], spectra=[spectra("a", "b", "b", frame=["rest", "rest", "observed"])]
    )
    assert sample.spectra.object_id.tolist() == ["a", "b"]
    assert sample.spectra.rest.tolist() == [True, False]
    assert counts["spectra_rest_without_redshift"] == 1


def test_classes_are_mapped_and_the_raw_name_kept(tmp_path):
    objects = pd.DataFrame({"object_id": list("abcd"), "class": ["SN Ib", "SN Ic", "TDE", None]})
    photometry = [rows("a g 1\nb g 1\nc g 1\nd g 1")]
    sample, counts = write(tmp_path, objects, photometry, classes={"Ibc": ["SN Ib", "SN Ic"]})
    assert sample.objects["class"].fillna("-").tolist() == ["Ibc", "Ibc", "-", "-"]
    assert sample.objects["class_raw"].fillna("-").tolist() == ["SN Ib", "SN Ic", "TDE", "-"]
    assert counts == {"objects_class_not_listed": 1, "objects_class_missing": 1}


def test_own_class_raw_and_group_are_not_overwritten(tmp_path):
    objects = pd.DataFrame(
        {"object_id": ["a"], "class": ["Ia"], "class_raw": ["Ia-91T"], "group": ["field 1"]}
    )
    sample, _ = write(tmp_path, objects, [rows("a g 1")], classes={"Ia": ["Ia"]})
    assert sample.objects.loc[0, ["class_raw", "group_raw"]].tolist() == ["Ia-91T", "field 1"]
    assert sample.objects["group"].tolist() == [0]


def test_metadata_and_canonical_columns(tmp_path):
    objects = pd.DataFrame({"object_id": ["a"], "host": ["NGC 1"]})
    sample, _ = write(tmp_path, objects, [rows("a g 1")])
    assert list(sample.objects) == [
        "object_id", "class", "redshift", "mwebv", "ra", "dec", "group", "host",
    ]  # fmt: skip
    assert sample.objects["redshift"].dtype == np.float64
    assert sample.objects["class"].isna().all()


def test_flux_quantity(tmp_path):
    photometry = rows("a g 1 -5").rename(columns={"mag": "flux", "mag_err": "flux_err"})
    tables = Tables(pd.DataFrame({"object_id": ["a"]}), [photometry], quantity="flux")
    samples.write(tables, tmp_path / "s", **DEFAULTS)
    curves = samples.open(tmp_path / "s").light_curves
    assert (curves.quantity, curves[0].value.tolist()) == ("flux", [-5])


def test_failure_leaves_nothing_and_keeps_the_old_sample(tmp_path):
    write(tmp_path, ["a"], [rows("a g 1")])

    def broken():
        yield rows("a g 1\na g 2")
        raise InputError("stop")

    with pytest.raises(InputError, match="stop"):
        write(tmp_path, ["a"], broken())
    assert [p.name for p in tmp_path.iterdir()] == ["s"]
    assert len(samples.open(tmp_path / "s").light_curves.time) == 1


def test_nothing_left_is_an_error_that_says_why(tmp_path):
    with pytest.raises(InputError, match=r"no objects left; dropped: .*1 photometry_object_id_unk"):
        write(tmp_path, ["a"], [rows("x g 1")])
    assert not list(tmp_path.iterdir())


def test_mixed_metadata_is_an_error(tmp_path):
    objects = pd.DataFrame({"object_id": ["a", "b"], "note": ["x", 1.5]}, dtype=object)
    with pytest.raises(InputError, match="metadata column holds mixed types"):
        write(tmp_path, objects, [rows("a g 1\nb g 1")])


def test_open_refuses_parts_that_disagree(tmp_path):
    write(tmp_path, ["a", "b"], [rows("a g 1\nb g 1")])
    pd.DataFrame({"object_id": ["b", "a"]}).to_parquet(tmp_path / "s" / "objects.parquet")
    with pytest.raises(InputError, match="objects and light_curves disagree"):
        samples.open(tmp_path / "s")
    (tmp_path / "s" / "objects.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"objects\.parquet: not readable"):
        samples.open(tmp_path / "s")


point = st.tuples(st.sampled_from("abcx"), st.sampled_from("gBrz"), st.integers(1, 6))


@settings(max_examples=30, deadline=None)
@given(
    points=st.lists(point, min_size=1, max_size=40), seed=st.integers(0, 99), cut=st.integers(0, 40)
)
def test_order_and_chunks_do_not_matter_and_every_row_is_accounted_for(
    tmp_path_factory, points, seed, cut
):
    # the magnitude is a function of (band, time), so which of two repeats is kept cannot show
    frame = rows("\n".join(f"{o} {b} {t} {t + ord(b)}" for o, b, t in points))
    shuffled = frame.sample(frac=1, random_state=seed)
    options = {
        "bands": {"g": ["g", "B"], "r": ["r"]},
        "min_points": 2,
        "spectra": [spectra("a")],
    }
    one, counts = write(tmp_path_factory.mktemp("one"), list("abc"), [frame], **options)
    chunks = [shuffled[:cut], shuffled[cut:]]
    two, again = write(tmp_path_factory.mktemp("two"), list("abc"), chunks, **options)
    assert counts == again
    for name in ("offsets", "time", "value", "error", "band", "object_id"):
        np.testing.assert_array_equal(
            getattr(one.light_curves, name), getattr(two.light_curves, name)
        )
    dropped = sum(n for why, n in counts.items() if why.startswith("photometry_"))
    assert len(one.light_curves.time) + dropped == len(points)


def test_same_input_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, ["a", "b"], [rows("a g 1\nb r 2")], spectra=[spectra("a")])
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert len(files) > 10
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), block=st.integers(1, 50))
def test_buckets_of_any_size_give_the_same_order(tmp_path_factory, seed, block):
    rng = np.random.default_rng(seed)
    row, band = rng.integers(0, 9, 60), rng.integers(0, 2, 60)
    time, value = rng.integers(0, 5, 60).astype(float), np.arange(60.0)
    spool = Spool(tmp_path_factory.mktemp("spool"), 9, perfect=True)
    for part in np.array_split(np.arange(60), 4):
        spool.append(row[part], band[part], time[part], value[part], value[part], 2 * value[part])
    blocks = list(spool.blocks(np.arange(2), block))
    placed = np.concatenate([points for _, _, points in blocks])
    order = sorted(range(60), key=lambda i: (row[i], time[i], band[i], i))  # i: order of arrival
    np.testing.assert_array_equal(placed["value"], value[order])
    np.testing.assert_array_equal(placed["perfect"], 2 * value[order])
    assert [first for first, _, _ in blocks] == [0, *[stop for _, stop, _ in blocks[:-1]]]
    assert blocks[-1][1] == 9


def test_groups_are_chains_of_near_positions():
    # 0 - 0.9'' - 1.8'' on the equator: the ends are 1.8'' apart, linked through the middle one
    ra = np.array([10.0, 50.0, 10 + 0.9 / 3600, 10 + 1.8 / 3600, np.nan, np.nan])
    dec = np.zeros(6)
    assert groups_of(ra, dec, 1.0).tolist() == [0, 1, 0, 0, 2, 3]
    assert groups_of(ra, dec, 0.5).tolist() == [0, 1, 2, 3, 4, 5]


def test_groups_across_zero_and_near_the_pole():
    # 359.9999 and 0.0001 deg are 0.72'' apart; at dec 89.9999 all right ascensions are near
    assert groups_of(np.array([359.9999, 0.0001]), np.zeros(2), 1.0).tolist() == [0, 0]
    assert groups_of(np.array([0.0, 180.0]), np.full(2, 89.9999), 1.0).tolist() == [0, 0]
    # at dec 60 deg one arcsec on the sky is two in right ascension
    assert groups_of(np.array([0, 1.9 / 3600]), np.full(2, 60.0), 1.0).tolist() == [0, 0]


def test_many_objects_at_one_place_stay_cheap():
    assert groups_of(np.zeros(50_000), np.zeros(50_000), 1.0).tolist() == [0] * 50_000
    assert groups_of(np.empty(0), np.empty(0), 1.0).tolist() == []


def test_grouping_can_be_turned_off():
    """As where a catalogue writes 0, 0 for a position that it does not know."""
    assert groups_of(np.zeros(3), np.zeros(3), 0.0).tolist() == [0, 1, 2]


def test_names_that_differ_in_spelling_only_are_one_object():
    same = ["SSS1:23-56", "sss1:23\u201156", "SN 2016bln", "AT2016bln", "sn2016bln", "PTF09atu"]
    spelled = designations([*same, "ptf09atu "])
    assert [len(set(spelled[i:j])) for i, j in ((0, 2), (2, 5), (5, 7))] == [1, 1, 1]
    others = ["ASAS_1+20", "ASAS_1-20", "SN2016bl", "PTF09at", "SNLS-1", "NLS-1", "AT", ""]
    assert len({*designations(others), *spelled}) == len(others) + 3


def test_groups_are_linked_by_place_and_by_name():
    # 0 and 1 are one place, 1 and 3 one name, 2 has neither; 4 and 5 are one name, far apart
    ra = np.array([10.0, 10.0, np.nan, np.nan, 50.0, 80.0])
    names = ["a", "b", "c", "b", "d", "d"]
    assert groups_of(ra, np.zeros(6), 1.0, names).tolist() == [0, 0, 1, 0, 2, 2]
    assert groups_of(ra, np.zeros(6), 0.0, names).tolist() == [0, 1, 2, 3, 4, 5]
    assert groups_of(np.empty(0), np.empty(0), 1.0, []).tolist() == []


def test_an_object_without_position_is_grouped_by_its_name():
    objects = pd.DataFrame(
        {"object_id": ["PTF09atu", "x", "ptf09atu"], "class": "Ia", "ra": [5.0, 5.0, np.nan]}
    )
    assert with_groups(objects.assign(dec=objects["ra"]), 5.0)["group"].tolist() == [0, 0, 0]


def test_a_bar_can_be_asked_for(tmp_path, capsys):
    write(tmp_path, ["a"], [rows("a g 1")], progress=True)
    assert capsys.readouterr().err == ""  # no terminal, no bar

"""Which light curve is shown, and which spectra beside it."""

import numpy as np

from nightjar.judging import nearest


def embeddings():
    """Six objects in a plane, spectra at 0, 10 ... 50 degrees; light curves at degrees below."""
    spectra = np.radians(np.arange(0, 60, 10.0))
    light = np.radians([0.0, 24, 34, 49, 31, 50])
    return tuple(np.column_stack([np.cos(x), np.sin(x)]) for x in (light, spectra))


LABELS = np.array(["Ia", "Ia", "Ia", "II", "II", "II"])
IDS = np.array(list("fedcba"))


def test_the_query_is_of_median_rank_in_its_class():
    """Ranks: object 0 is on its spectrum: 1.  1 at 24: 20, 30, then 10: 3.  2 at 34: 30, 40, 20: 3;
    3 at 49: 50, 40, 30: 3; 4 at 31: 30, then 40: 2; 5: 1.  Ia: 1, 3, 3: of the equals the one
    whose id comes first, "d" (object 2), is in the middle.  II: 1, 2, 3: object 4."""
    found = nearest.examples(*embeddings(), LABELS, IDS, count=2)
    assert list(found) == ["II", "Ia"]
    assert (found["Ia"].query, found["Ia"].rank) == (2, 3)
    assert (found["II"].query, found["II"].rank) == (4, 2)


def test_a_partner_that_is_not_near_is_shown_last():
    found = nearest.examples(*embeddings(), LABELS, IDS, count=2)
    assert found["Ia"].nearest.tolist() == [3, 4]
    assert found["Ia"].shown.tolist() == [3, 4, 2]
    assert found["II"].shown.tolist() == [3, 4]  # the partner is among them
    np.testing.assert_allclose(found["II"].similarity[4], np.cos(np.radians(9)))


def test_of_two_in_the_middle_the_better_is_taken():
    """Object 0 at 0 degrees: rank 1; object 1, at 4 degrees, is nearer to 0 than to 10: rank 2."""
    spectra = embeddings()[1]
    light = np.column_stack([np.cos(np.radians([0, 4])), np.sin(np.radians([0, 4]))])
    found = nearest.examples(light, spectra[:2], LABELS[:2], IDS[:2])
    assert (found["Ia"].query, found["Ia"].rank) == (0, 1)


def test_the_order_of_the_rows_does_not_matter():
    light, spectra = embeddings()
    order = np.array([3, 0, 5, 1, 4, 2])
    one = nearest.examples(light, spectra, LABELS, IDS)
    other = nearest.examples(light[order], spectra[order], LABELS[order], IDS[order])
    for name in one:
        assert IDS[one[name].query] == IDS[order][other[name].query]
        assert IDS[one[name].nearest].tolist() == IDS[order][other[name].nearest].tolist()

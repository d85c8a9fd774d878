"""Rates: volumes by hand, redshift distributions, and the fractions that a survey sees."""

import numpy as np
import pytest
from scipy.integrate import quad

from nightjar.simulate import cosmology, rates
from nightjar.simulate import populations as pop


def test_events_in_a_nearby_sphere() -> None:
    # Planck18: the comoving distance to z = 0.05 is (c / H0) z (1 - (1 + q0) z / 2)
    # = 4430.9 x 0.05 x (1 - 0.464 x 0.025) = 218.97 Mpc, less 0.1 in third order; the sphere holds
    # 4.39e7 Mpc^3.  The rate grows as (1 + z)^1.5 / (1 + z), on average by (1 + 0.75 x 0.05 / 2).
    inside = 4 * np.pi * cosmology.events(np.array([0.05]), "delayed")[0]
    assert inside == pytest.approx(4.39e7 * 1.019, rel=0.01)
    # 2.35e4 per Gpc^3 and year: about 1050 SNe Ia a year.
    assert rates.LOCAL["SN Ia"] * 1e-9 * inside == pytest.approx(1050, rel=0.02)


@pytest.mark.parametrize("history", ["delayed", "star_formation"])
def test_a_volume_limited_sample_follows_rate_and_volume(history: str) -> None:
    from astropy.cosmology import Planck18

    def density(z: float) -> float:
        volume = Planck18.differential_comoving_volume(z).value
        return float(cosmology.evolution(history, np.array(z)) / (1 + z) * volume)

    most, share = 0.3, np.array([0.1, 0.5, 0.9])
    redshift = cosmology.redshift_of(share, np.full(3, most), history)
    whole = quad(density, 0, most)[0]
    inside = [quad(density, 0, z)[0] / whole for z in redshift]
    np.testing.assert_allclose(inside, share, atol=1e-3)


def test_histories_by_hand() -> None:
    # (1 + z)^1.5 at z = 1 is 2.828.  Madau & Dickinson: 2^2.7 / (1 + (2 / 2.9)^5.6) = 6.498 /
    # 1.1248 = 5.777.
    assert cosmology.evolution("delayed", np.array(1.0)) == pytest.approx(2.828, abs=1e-3)
    assert cosmology.evolution("star_formation", np.array(1.0)) == pytest.approx(5.777, abs=2e-3)


def test_core_collapse_adds_up() -> None:
    # 69.6 % with hydrogen and, of 30.4 % stripped, 35.6 % Ib and 24.7 % Ic.  With IIb, 45 % of Ib
    # and IIb, and Ic-BL, 13 % of all Ic: 30.4 (35.6 / 0.55 + 24.7 / 0.87) = 28.3 %; 97.9 % in all,
    # for a few stripped ones are peculiar.
    collapse = sum(rates.LOCAL[kind] for kind in ("SN II", "SN IIn", "SN Ib", "SN Ic"))
    assert collapse == pytest.approx(1.01e5 * 0.979, rel=1e-3)


def test_ten_times_the_flux_holds_a_thirtieth_of_the_events() -> None:
    # Nearby, N ~ d^3 ~ 10^(0.6 m): 2.5 mag are a factor 31.6; the K-correction and evolution take
    # a little off.
    population = pop.POPULATIONS["pretraining"]
    near, far = (rates.yearly("SN Ia", population, limit) for limit in (14.5, 17.0))
    assert far / near == pytest.approx(31.6, rel=0.15)


def test_fractions_add_up_to_one() -> None:
    for population in pop.POPULATIONS.values():
        found = rates.fractions(population)
        assert set(found) == set(pop.CLASSES)
        assert sum(found.values()) == pytest.approx(1)


def test_rates_integrate_to_the_fractions_of_the_bright_transient_survey() -> None:
    # Luminosity functions, dust and rates come from different papers; the BTS fractions (72, 17, 5,
    # 4, 2 %) are nowhere put in.  The rarest classes come out up to three times too frequent.
    found = rates.fractions(pop.POPULATIONS["observed"])
    assert found["SN Ia"] == pytest.approx(rates.BTS["SN Ia"], abs=0.1)
    assert found["SN II"] == pytest.approx(rates.BTS["SN II"], abs=0.07)
    assert found["SN Ib/c"] == pytest.approx(rates.BTS["SN Ib/c"], abs=0.015)
    assert 1 / 3 < found["SN IIn"] / rates.BTS["SN IIn"] < 3
    assert 1 / 3 < found["SLSN-I"] / rates.BTS["SLSN-I"] < 3
    assert sum(rates.BTS.values()) == pytest.approx(1)

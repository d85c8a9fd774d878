"""Passbands: built in, from files, and against the published curves."""

from pathlib import Path

import numpy as np
import pytest

from nightjar.errors import InputError
from nightjar.simulate import bands
from nightjar.simulate.sed import blackbody

TEMPERATURES = (3000.0, 5000.0, 8000.0, 15000.0)  # K
FILES = {
    **{name: f"Palomar_ZTF.{name}" for name in "gr"},
    **{name: f"Generic_Bessell.{name}" for name in "UBVRI"},
    **{f"sdss {name}": f"SLOAN_SDSS.{name}" for name in "gri"},
    **{f"ps1 {name}": f"PAN-STARRS_PS1.{name}" for name in "gri"},
}


def magnitude(band: bands.Band, temperature: float) -> float:
    light = blackbody(band.wavelength, np.float64(temperature))
    return float(bands.magnitude((light * band.weight).sum()))


@pytest.mark.parametrize("name", bands.PASSBANDS)
def test_a_flat_spectrum_has_its_magnitude_in_every_band(name: str) -> None:
    # f_nu = 3631 Jy 10^(-0.4 20) at all wavelengths is 20 mag (AB) in every band.
    band = bands.named(name)
    f_lambda = 3631e-23 * 1e-8 * bands.LIGHT / band.wavelength**2 / 1e-15
    assert bands.magnitude((f_lambda * band.weight).sum()) == pytest.approx(20, abs=2e-3)


def test_a_box_of_photons_by_hand() -> None:
    # f_lambda = 1e-15 through a box from a to b: f_nu = int lambda / int c / lambda
    # = (b^2 - a^2) / 2 / (c ln(b / a)); a = 4000, b = 6000: 1e7 / (2.99792e18 ln 1.5) = 8.2267e-12,
    # times 1e-15 erg / 1e-32 (1 nJy) = 8.2267e5 nJy.
    wavelength = np.array([3999.999, 4000.0, 6000.0, 6000.001])
    box = bands.tabulated(wavelength, np.array([0.0, 1, 1, 0]), spacing=5.0)
    assert box.weight.sum() == pytest.approx(8.2267e5, rel=1e-4)
    assert box.mean == pytest.approx(5000, abs=0.1)


def test_the_scale_of_a_curve_does_not_matter() -> None:
    wavelength, through = np.array([5000.0, 5500.0, 6000.0]), np.array([0.0, 1.0, 0.0])
    one, half = (bands.tabulated(wavelength, scale * through) for scale in (1.0, 0.5))
    np.testing.assert_allclose(one.weight, half.weight)


@pytest.mark.parametrize("name", "UBVRI")
def test_bessell_bands_are_sncosmos(name: str) -> None:
    sncosmo = pytest.importorskip("sncosmo")
    theirs = sncosmo.get_bandpass("bessellux" if name == "U" else f"bessell{name.lower()}")
    wavelength = np.arange(theirs.minwave(), theirs.maxwave(), 2.0)
    curve = bands.tabulated(wavelength, theirs(wavelength), spacing=2.0)
    for temperature in TEMPERATURES:
        ours = magnitude(bands.named(name), temperature)
        assert ours == pytest.approx(magnitude(curve, temperature), abs=0.003)


@pytest.mark.realdata
@pytest.mark.parametrize("name", FILES)
def test_built_in_curves_are_the_published_ones(name: str, realdata: Path) -> None:
    file = realdata / "templates" / "filters" / f"{FILES[name]}_AB.dat"
    wavelength, through = np.loadtxt(file).T
    if name in bands.VEGA:  # these files hold Bessell's response to energy
        fine = np.arange(wavelength[0], wavelength[-1] + 1, 2.0)
        wavelength, through = fine, np.interp(fine, wavelength, through) / fine
    curve = bands.tabulated(wavelength, through, spacing=2.0)
    for temperature in TEMPERATURES:
        ours = magnitude(bands.named(name), temperature)
        assert ours == pytest.approx(magnitude(curve, temperature), abs=0.01)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["g", "sdss r", "ps1 i"])
def test_a_filter_file_is_read(name: str, realdata: Path) -> None:
    read = bands.read(realdata / "templates" / "filters" / f"{FILES[name]}_AB.dat")
    assert magnitude(read, 6000.0) == pytest.approx(magnitude(bands.named(name), 6000.0), abs=0.01)


def test_vega_in_v_by_hand() -> None:
    # Hayes 1985: Vega has 3.44e-9 erg/s/cm^2/Angstrom at 5556 Angstrom, near the middle of V, so
    # f_nu = 3.44e-9 x 5556^2 / 2.998e18 = 3.542e-20 and m_AB = -2.5 log10 f_nu - 48.6 = 0.027.
    assert bands.VEGA["V"] == pytest.approx(0.027, abs=0.02)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4000 0.1 2\n5000 0.2 3\n", "columns"),
        ("4000 0.1\n", "two rows"),
        ("# nothing\n", "0 rows"),
        ("wavelength transmission\n4000 1\n", "filter file"),
        ("5000 0.1\n4000 0.2\n", "row 2"),
        ("4000 0.1\n5000 nan\n", "row 2"),
        ("400 0.1\n500 0.2\n", "Angstrom"),
        ("4000 0\n5000 0\n", "nowhere"),
    ],
)
def test_what_is_no_filter_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "filter.dat"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        bands.read(file)
    assert str(file) in str(caught.value)


def test_a_missing_filter_file_and_an_unknown_band_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none"):
        bands.read(tmp_path / "none.dat")
    with pytest.raises(InputError, match="'z'"):
        bands.named("z")

"""Kinds of stars: Fourier coefficients, published relations, ranges."""

import numpy as np
import pytest

from nightjar.simulate.randomness import draws
from nightjar.simulate.stars import KINDS, STAR_NORMALS, STAR_UNIFORMS, Dice, Latents, fourier
from nightjar.simulate.stars.kind import R_OVER_V

_TURNS = np.arange(400) / 400


def _draw(kind: str, n: int = 300) -> Latents:
    rows = np.arange(n)
    return KINDS[kind].draw(Dice(draws(0, kind, rows, STAR_UNIFORMS, STAR_NORMALS), rows))


def _folded(kind: str, latents: Latents) -> np.ndarray:
    """One cycle from maximum light (the primary eclipse), (stars, 400)."""
    time = (_TURNS[None, :] - latents["phase"][:, None]) * latents["period"][:, None]
    return KINDS[kind].curve(latents, time)


def _coefficients(light: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Semi-amplitude and phase of a harmonic by projection; cosines."""
    wave = np.exp(-2j * np.pi * order * _TURNS)
    c = 2 * (light * wave).mean(axis=1)
    return np.abs(c), np.angle(c)


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(np.mod(one - other + np.pi, 2 * np.pi) - np.pi)


@pytest.mark.parametrize("kind", ["RRab", "RRc", "Cep_0", "Cep_1"])
def test_fourier_coefficients_are_those_drawn(kind: str) -> None:
    latents = _draw(kind)
    if "blazhko_depth" in latents:
        latents["blazhko_depth"][:] = 0
    light = _folded(kind, latents)
    a1, phi1 = _coefficients(light, 1)
    np.testing.assert_allclose(a1, latents["a1"], rtol=1e-9)
    for k in (2, 3):
        ak, phik = _coefficients(light, k)
        np.testing.assert_allclose(ak / a1, latents[f"r{k}1"], atol=1e-9)
        strong = latents[f"r{k}1"] > 0.01
        assert _apart(phik - k * phi1, latents[f"phi{k}1"])[strong].max() < 1e-6


@pytest.mark.parametrize("kind", ["RRab", "RRc", "Cep_0", "Cep_1"])
def test_range_and_time_of_maximum(kind: str) -> None:
    latents = _draw(kind)
    if "blazhko_depth" in latents:
        latents["blazhko_depth"][:] = 0
    light = _folded(kind, latents)
    np.testing.assert_allclose(np.ptp(light, axis=1), latents["amplitude"], rtol=0.03)
    brightest = np.mod(_TURNS[light.argmin(axis=1)] + 0.5, 1) - 0.5
    assert np.abs(brightest).max() < 0.02


def test_sines_and_cosines() -> None:
    # A sin(x + a) + B sin(2x + b) written with cosines: phases less pi/2, phi_21 more by pi/2.
    x = 2 * np.pi * _TURNS
    light = (np.sin(x + 0.3) + 0.4 * np.sin(2 * x + 1.1))[None, :]
    _, phi1 = _coefficients(light, 1)
    _, phi2 = _coefficients(light, 2)
    assert _apart(phi2 - 2 * phi1, np.array(1.1 - 2 * 0.3 + np.pi / 2)).max() < 1e-9


def test_rrab_obey_jurcsik_and_kovacs() -> None:
    # [Fe/H] = -5.038 - 5.394 P + 1.345 phi_31, sines: phi_31 less by pi; scatter 1.345 x 0.08 dex.
    latents = _draw("RRab", 1000)
    phi31 = np.mod(latents["phi31"] - np.pi, 2 * np.pi)
    metallicity = -5.038 - 5.394 * latents["period"] + 1.345 * phi31
    error = metallicity - latents["metallicity"]
    assert error.mean() == pytest.approx(0, abs=0.02)
    assert error.std() == pytest.approx(0.108, abs=0.02)


def test_rrc_obey_morgan() -> None:
    latents = _draw("RRc", 1000)
    p, phi = latents["period"], latents["phi31"]
    formula = 52.466 * p**2 - 30.075 * p + 0.131 * phi**2 + 0.982 * phi - 4.198 * phi * p + 2.424
    assert np.median(np.abs(formula - latents["metallicity"])) < 0.15


def test_rrab_rise_fast_and_follow_the_bailey_diagram() -> None:
    latents = _draw("RRab", 1000)
    latents["blazhko_depth"][:] = 0
    light = _folded("RRab", latents)
    rise = 1 - light.argmax(axis=1) / 400  # from minimum light to the next maximum
    assert 0.1 < np.median(rise) < 0.25
    assert np.corrcoef(latents["period"], latents["amplitude"])[0, 1] < -0.5
    assert np.median(latents["period"]) == pytest.approx(0.576, abs=0.01)
    # Cacciari+2005 at 0.55 d: log P = -0.2596, A_V = -2.627 + 5.724 - 2.081 = 1.016 mag
    near = np.abs(latents["period"] - 0.55) < 0.01
    upper = np.percentile(latents["amplitude"][near], 60)  # the evolved quarter has more
    assert upper == pytest.approx(1.016 * R_OVER_V, abs=0.1)


@pytest.mark.parametrize(("kind", "share"), [("RRab", 0.11), ("RRc", 0.075)])
def test_blazhko(kind: str, share: float) -> None:
    latents = _draw(kind, 3000)
    has = latents["blazhko_depth"] > 0
    assert has.mean() == pytest.approx(share, abs=0.02)
    # At its strongest the range is 1 + depth times the mean one.
    some = {name: values[has][:20] for name, values in latents.items()}
    time = np.linspace(0, 400, 40000)[None, :].repeat(20, axis=0)
    widest = np.ptp(KINDS[kind].curve(some, time), axis=1)
    np.testing.assert_allclose(widest, some["amplitude"] * (1 + some["blazhko_depth"]), rtol=0.05)


def test_cepheids_progress() -> None:
    latents = _draw("Cep_0", 3000)
    log_p = np.log10(latents["period"])
    assert np.polyfit(log_p, latents["mag"], 1)[0] == pytest.approx(-2.9, abs=0.1)

    def middle(name: str, low: float, high: float) -> float:
        return float(np.median(latents[name][(log_p > low) & (log_p < high)]))

    # R_21 has its minimum at the resonance at 10 days, and phi_21 grows towards it.
    assert middle("r21", 0.96, 1.02) < 0.5 * min(middle("r21", 0.5, 0.7), middle("r21", 1.2, 1.6))
    assert middle("phi21", 0.4, 0.6) < middle("phi21", 0.7, 0.8) < middle("phi21", 0.9, 0.95)
    overtones = _draw("Cep_1", 1000)
    assert np.median(overtones["r21"]) < middle("r21", 0.3, 0.6)
    assert overtones["amplitude"].mean() < latents["amplitude"].mean()


def test_second_mode_of_scuti() -> None:
    latents = _draw("DSCT")
    two = latents["amplitude_2"] > 0
    assert two.mean() == pytest.approx(0.25, abs=0.07)
    np.testing.assert_allclose(latents["period_2"], 0.772 * latents["period"])


def test_giants_repeat_roughly_but_not_exactly() -> None:
    latents = _draw("Mira", 60)
    cycles = np.arange(12)[None, :, None] + _TURNS[None, None, ::8]
    time = (cycles * latents["period"][:, None, None]).reshape(60, -1)
    light = KINDS["Mira"].curve(latents, time).reshape(60, 12, -1)
    residual = (light - light.mean(axis=1, keepdims=True)).std(axis=(1, 2)) / light.std(axis=(1, 2))
    assert 0.1 < np.median(residual) < 0.45  # 0.36 in Miras of the ASAS


def test_long_period_sequences() -> None:
    latents = _draw("LPV", 2000)
    middle = [np.median(latents["period"][latents["sequence"] == s]) for s in range(4)]
    assert middle == sorted(middle)
    slow = np.isfinite(latents["long_period"])
    assert (slow == (latents["long_amplitude"] > 0)).all()
    assert slow[latents["sequence"] < 3].mean() == pytest.approx(0.3, abs=0.04)


def test_detached_binaries_are_flat_and_contact_ones_are_not() -> None:
    flat = []
    for kind in ("DB", "CB"):
        light = _folded(kind, _draw(kind, 200))
        flat.append(np.median((light - light.min(axis=1, keepdims=True) < 0.03).mean(axis=1)))
    assert flat[0] > 0.6
    assert flat[1] < 0.35


@pytest.mark.parametrize("kind", ["EC", "DB", "CB"])
def test_depths_of_binaries_are_those_of_the_curve(kind: str) -> None:
    latents = _draw(kind, 200)
    light = _folded(kind, latents)
    np.testing.assert_allclose(np.ptp(light, axis=1), latents["amplitude"], atol=0.03)
    assert (latents["radius_1"] + latents["radius_2"] < 1).all()


def test_wandering_stars_have_their_sigma() -> None:
    latents = _draw("irregular", 400)
    time = np.linspace(0, 60 * latents["time_scale"], 3000).T
    spread = KINDS["irregular"].curve(latents, time).std(axis=1)
    np.testing.assert_allclose(np.median(spread / latents["sigma"]), 1, atol=0.05)


def test_constant_stars_are_constant() -> None:
    assert not KINDS["constant"].curve(_draw("constant"), np.ones((300, 5))).any()


def test_a_pure_cosine() -> None:
    latents = fourier.latents_of(np.array([2.0]), [], [])
    light = fourier.series(latents, np.array([[0.0, 0.25, 0.5]]))
    np.testing.assert_allclose(light, [[-1, 0, 1]], atol=1e-12)  # brightest at turn 0

"""What each class of supernova draws: brightness, dust, velocity, temperature, time scales.

Magnitudes are Vega magnitudes in B at maximum without dust, as the literature has them;
`nightjar.simulate.populations` turns them into AB.  Where a number differs from its reference, the
reason is given; "about" marks what could not be checked against the paper.

- SN Ia.  M_B -19.25 (Richardson+2014, AJ 147, 118: normal events); x1 and colour relations of
  `populations`.  Diffusion time, velocity and temperature from the fit of the SED to Hsiao's and
  SALT3's series; gamma rays leak after 3.0 diffusion times, 40 days (Scalzo+2014, MNRAS 440, 1498;
  Childress+2015, MNRAS 454, 3816: about 35 to 40 days).  Si II at maximum: about 10600 km/s, fast
  ones above 11800 (Wang+2009, ApJ 699, L139).  The peak asks for 0.6 solar masses of Ni-56.
- SN II.  M_B -16.75 for IIP (Richardson+2014), brighter for IIL; scatter of both.  Velocity from
  hydrogen lines at 50 days, median 7300 km/s between 1500 and 9600 (Gutierrez+2017, ApJ 850, 89;
  6500 +- 2000 in de Jaeger+2019, MNRAS 490, 2799).  Rise in g in about a week
  (Gonzalez-Gaitan+2015, MNRAS 451, 2212).  Drop from the plateau after about 84 to 100 days
  (Anderson+2014, ApJ 786, 67), decline of 1.29 mag / 100 d in V (de Jaeger+2019).  Ni-56: median
  0.032 solar masses (Anderson 2019, A&A 628, A7).
- SN Ib (and IIb), Ic (and Ic-BL).  M_B about -17.45 and -17.66 (Richardson+2014), made fainter
  with less scatter, which nickel masses ask for; IIb 0.4 mag fainter than Ib, Ic-BL 0.6 mag
  brighter than Ic.  Ni-56 medians 0.10 (IIb), 0.16 (Ib), 0.16 (Ic), 0.37 (Ic-BL)
  solar masses (Anderson 2019); 0.11 (IIb), 0.14, 0.16 (Prentice+2016, MNRAS 458, 2973).  Late
  declines of 1.8 mag / 100 d, as real ones have, need gamma rays that leak after 70 days.
  Velocities: Liu+2016 (ApJ 827, 90); host dust: about Prentice+2016.
- SN IIn.  M_r -19.2 +- 1.3 at maximum in a flux-limited sample, rise in 20 +- 6 or 50 +- 11 days
  (Nyholm+2020, A&A 637, A73); in volume about -18.5 (Richardson+2014).
- SLSN-I.  M_g -21.5 (+1.1, -0.6) and rise in 42 +- 18 days in a flux-limited sample (Chen+2023, ApJ
  943, 41); magnetar of 2.4 (1.2 to 4) ms and 0.8e14 (0.2e14 to 1.8e14) G (Nicholl+2017, ApJ 850,
  55).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What a class (or part of one) draws; pairs are mean and standard deviation.

    Attributes
    ----------
    magnitude : M_B at peak, Vega mag, without dust
    dust : mean E(B-V) of the host, mag; exponential
    velocity : km/s of the photosphere at ``reference`` days; falls as time^-``slope``
    floor : K, lowest temperature of the continuum
    timing : mean and relative scatter (log) of the main time scale in days
    swell : the velocity grows as luminosity^``swell``: 1/3 for SN II (Hamuy & Pinto 2002, ApJ 566,
        L63); for others so that the brightest are not too hot to peak in time
    grip : the radius of the continuum follows an event's velocity to this power: fast SN Ia have
        fast silicon, but the light curves of the others (Wang+2009)
    leak : gamma rays escape after so many diffusion times (radioactive kinds)
    span : days (rest frame) over which it is followed
    history : rate per volume, see `cosmology.cumulative_rate`
    """

    magnitude: tuple[float, float]
    dust: float
    velocity: tuple[float, float]
    reference: float
    slope: float
    floor: tuple[float, float]
    timing: tuple[float, float]
    span: float
    swell: float = 0.0
    grip: float = 1.0
    leak: float = 0.0
    history: str = "star_formation"


KINDS = {
    "SN Ia": Kind(
        magnitude=(-19.25, 0.08), dust=0.10, velocity=(8650, 550), reference=18, slope=0.205,
        floor=(6500, 150), timing=(13.87, 0.03), leak=3.00, grip=0.3, span=100, history="delayed",
    ),
    "SN II": Kind(
        magnitude=(-16.85, 0.8), dust=0.12, velocity=(4163, 650), reference=50, slope=0.250,
        floor=(4744, 200), timing=(98, 0.14), swell=1 / 3, span=160,
    ),
    "SN Ib": Kind(
        magnitude=(-17.3, 0.55), dust=0.20, velocity=(8655, 1000), reference=18, slope=0.148,
        floor=(5106, 250), timing=(13.86, 0.2), leak=4.59, swell=0.2, span=110,
    ),
    "SN Ic": Kind(
        magnitude=(-17.1, 0.55), dust=0.24, velocity=(8999, 1200), reference=18, slope=0.194,
        floor=(4982, 250), timing=(12.21, 0.23), leak=5.54, swell=0.2, span=110,
    ),
    "SN IIn": Kind(
        magnitude=(-18.3, 0.95), dust=0.10, velocity=(5199, 900), reference=30, slope=0.600,
        floor=(6157, 400), timing=(10.04, 0.35), swell=0.4, span=220,
    ),
    "SLSN-I": Kind(
        magnitude=(-21.1, 0.75), dust=0.03, velocity=(8900, 1300), reference=40, slope=0.288,
        floor=(7722, 500), timing=(28.83, 0.3), swell=0.2, span=200,
    ),
}  # fmt: skip
CLASSES = ("SN Ia", "SN II", "SN Ib/c", "SN IIn", "SLSN-I")

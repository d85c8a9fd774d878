"""Every kind of star that can be simulated: what it draws and its brightness at any time."""

from nightjar.simulate.stars import binaries, cepheids, giants, quiet, rr_lyrae
from nightjar.simulate.stars.kind import STAR_NORMALS, STAR_UNIFORMS, Dice, Kind, Latents

KINDS: dict[str, Kind] = {
    "RRab": Kind(rr_lyrae.rrab, rr_lyrae.curve),
    "RRc": Kind(rr_lyrae.rrc, rr_lyrae.curve),
    "Cep_0": Kind(cepheids.fundamental, cepheids.curve),
    "Cep_1": Kind(cepheids.overtone, cepheids.curve),
    "DSCT": Kind(cepheids.scuti, cepheids.scuti_curve),
    "LPV": Kind(giants.long_period, giants.curve),
    "Mira": Kind(giants.mira, giants.curve),
    "EC": Kind(binaries.magellanic, binaries.curve),
    "CB": Kind(binaries.close, binaries.curve),
    "DB": Kind(binaries.detached, binaries.curve),
    "constant": Kind(quiet.constant, quiet.constant_curve),
    "irregular": Kind(quiet.irregular, quiet.irregular_curve),
}

__all__ = ["KINDS", "STAR_NORMALS", "STAR_UNIFORMS", "Dice", "Kind", "Latents"]

"""Supernovae per second and core of both engines, beside a loop over sncosmo, and peak memory.

Two things are measured, all in seconds of processor time of one thread:

light   fluxes at the same visits, g and r, and one spectrum, of the same events, drawn once: by the
        built-in engine, by the template engine, and by a loop over objects that calls sncosmo's
        Model (bandflux with dust of host and Milky Way, then flux), in turn in one process;
survey  ``supernovae.simulate``, from nothing to tables that are read to their end: draws, visits,
        noise, selection (about half of the events are drawn again), photometry and spectra.  Each
        size in a process of its own, so that its peak memory is its own.

Without ``--templates FOLDER`` (see `nightjar.simulate.series`) the loop uses the Hsiao SN Ia that
comes with sncosmo, and there is no template engine.  Run as ``python -m benchmarks.simulation
[--templates FOLDER] [--objects 2000 20000] [--out simulation.json]``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sncosmo
from astropy.cosmology import Planck18

from nightjar.simulate import bands, cadence, light, series, supernovae
from nightjar.simulate import events as ev
from nightjar.simulate import populations as pop
from nightjar.simulate.spectrographs import SEDM
from nightjar.simulate.survey import SURVEYS
from nightjar.simulate.templates import Templates, tabulate

SEED = 0
EVEN = dict.fromkeys(pop.CLASSES, 0.2)
FEW = 40  # objects for the slow loop
PAPER = 500_000
BANDS = [bands.named(name) for name in "gr"]


def main() -> None:
    arguments = _arguments()
    if arguments.child:
        name, objects = arguments.child
        print(json.dumps(survey(name, int(objects), arguments.templates)))
        return
    engines = ["builtin", "templates"] if arguments.templates else ["builtin"]
    # First the children: a child's peak memory starts from its parent's.
    surveys = {name: [_child(name, n, arguments) for n in arguments.objects] for name in engines}
    rates = Light(arguments.templates, arguments.events).measure(arguments.repeats)
    results = {"light": rates, "survey": surveys}
    _print(results)
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")


# --- light ---------------------------------------------------------------------------------------


class Light:
    """The same events at the same visits, for each way to make their light."""

    def __init__(self, folder: Path | None, number: int) -> None:
        self.found = series.read(folder) if folder else []
        engine = tabulate(self.found) if folder else None
        population = pop.POPULATIONS["pretraining"]
        classes = np.array([list(EVEN)[i % len(EVEN)] for i in range(number)])
        rows = np.arange(number)
        self.events = {"builtin": ev.draw(SEED, population, classes, rows, 0)}
        if engine:
            drawn = ev.draw(SEED, population, classes, rows, 0, engine)
            self.events["templates"] = drawn.take(drawn.latents["template"] >= 0)

    def measure(self, repeats: int) -> dict[str, float]:
        """Objects per second: medians over interleaved repeats, after one unmeasured turn."""
        turns: dict[str, tuple[Callable[[], object], int]] = {}
        for name, events in self.events.items():
            visits = Visits(events)
            turns[name] = (lambda e=events, v=visits: ours(e, v), len(events.rows))  # type: ignore[misc]
        events = self.events.get("templates", self.events["builtin"])
        few = events.take(np.arange(len(events.rows)) < FEW)
        loop, visits = Loop(few, self.found), Visits(few)
        turns["sncosmo_loop"] = (lambda: loop.run(visits), len(few.rows))
        rates: dict[str, list[float]] = {name: [] for name in turns}
        for repeat in range(repeats + 1):
            for name, (call, number) in turns.items():
                rate = _clock(call, number)
                if repeat:
                    rates[name].append(rate)
        found = {name: float(np.median(values)) for name, values in rates.items()}
        found["visits_per_object"] = float(visits.seen.sum() / len(few.rows))
        if "templates" in self.events:
            found["worst_median_difference_mmag"] = _difference(few, visits, loop)
        return found


class Visits:
    """When events are looked at: times, bands, and the day of the spectrum."""

    def __init__(self, events: ev.Events) -> None:
        latents = events.latents
        start, one = latents["explosion_time"], 1 + latents["redshift"]
        stop = start + one * np.array([pop.KINDS[kind].span for kind in events.kind])
        place = latents["ra"], latents["dec"]
        plan = cadence.visits(
            SURVEYS["pretraining"], SEED, latents["first_night"], stop, *place, BANDS
        )
        self.band = plan.band
        self.days = plan.time - start[:, None]  # observer frame, since explosion
        self.age = self.days / one[:, None]
        self.seen = plan.made & (self.age > 0.3) & (plan.time < stop[:, None])
        self.spectrum = latents["peak_time"]


def ours(events: ev.Events, visits: Visits) -> tuple[np.ndarray, np.ndarray]:
    """Fluxes (nJy) and spectra of all events."""
    flux = ev.fluxes(events, visits.band, visits.age, visits.seen, BANDS)
    return flux, ev.spectra(events, visits.spectrum, np.zeros(len(events.rows)))


class Loop:
    """One object after the other through sncosmo.Model, as scripts do it."""

    def __init__(self, events: ev.Events, found: list[series.Series]) -> None:
        self.events, self.found = events, found
        self.bands = []
        for name in "gr":
            wave = np.arange(4000.0, 7400.0, 5.0)
            through = bands.response(wave, *bands.HALF_POWER[name])
            inside = through > 0
            self.bands.append(
                sncosmo.Bandpass(wave[inside], through[inside], name=f"nightjar {name}")
            )
        sources = [one.source for one in found] or [sncosmo.get_source("hsiao-subsampled")]
        self.models = [_model(source) for source in sources]
        self.begin = [series.explosion(one) for one in found] or [-18.0]

    def run(self, visits: Visits) -> list[tuple[np.ndarray, np.ndarray]]:
        """Fluxes in nJy and a spectrum of each event."""
        return [self.one(i, visits) for i in range(len(self.events.rows))]

    def one(self, i: int, visits: Visits) -> tuple[np.ndarray, np.ndarray]:
        """Both of event number ``i``."""
        latents = {name: values[i] for name, values in self.events.latents.items()}
        code = max(int(latents["template"]), 0)
        model, z = self.models[code], latents["redshift"]
        salt = "x1" in model.param_names
        if salt:
            model.set(x1=latents["stretch_x1"], c=latents["colour_c"])
        begin = self.begin[code] * (1 + z)
        model.set(z=z, t0=-begin, hostebv=latents["host_ebv"], hostr_v=latents["host_rv"])
        amplitude = 10 ** (-0.4 * (latents["peak_abs_mag"] + Planck18.distmod(z).value))
        model.set(mwebv=latents["mwebv"], **{"x0" if salt else "amplitude": amplitude})
        seen = visits.seen[i]
        which = [self.bands[code] for code in visits.band[seen]]
        flux = model.bandflux(which, visits.days[i, seen], zp=bands.ZERO_POINT, zpsys="ab")
        wave = SEDM.wavelength
        inside = (wave > model.minwave()) & (wave < model.maxwave())
        return flux, model.flux(visits.spectrum[i] * (1 + z), wave[inside])


def _model(source: Any) -> Any:
    dust = [sncosmo.CCM89Dust(), sncosmo.CCM89Dust()]
    return sncosmo.Model(source, dust, ["host", "mw"], ["rest", "obs"])


def _difference(events: ev.Events, visits: Visits, loop: Loop) -> float:
    """Median difference from the loop after a shift in brightness, mmag, of the worst event.

    The loop does not normalise to M_B, so that one shift per object is free.
    """
    flux = ours(events, visits)[0]
    medians = [0.0]
    for i, (other, _) in enumerate(loop.run(visits)):
        code = int(events.latents["template"][i])
        one, phase = loop.found[code], visits.age[i, visits.seen[i]] + loop.begin[code]
        mine, inside = flux[i, visits.seen[i]], (phase > one.first) & (phase < one.last)
        # SALT can be negative, see `templates`; the last hundredth of the light is not compared.
        inside &= (mine > 0.01 * mine.max(initial=0.0)) & (other > 0)  # some are never visited
        if inside.sum() > 5:
            shift = -2.5 * np.log10(mine[inside] / other[inside])
            medians.append(1e3 * float(np.median(np.abs(shift - np.median(shift)))))
    return max(medians)


def _clock(call: Callable[[], object], number: int) -> float:
    start = time.process_time()
    call()
    return number / (time.process_time() - start)


# --- survey --------------------------------------------------------------------------------------


def survey(name: str, objects: int, folder: Path | None) -> dict[str, float]:
    """A survey of so many objects, read to its end; in a process of its own."""
    start = time.process_time()
    engine = light.engine("templates" if name == "templates" else "builtin", folder)
    loading = time.process_time() - start
    start = time.process_time()
    tables = supernovae.simulate(
        objects,
        SEED,
        population="pretraining",
        classes=EVEN,
        noise=True,
        spectrum_snr=5.0,
        min_points=4,
        engine=engine,
        progress=False,
    )
    rows = sum(len(frame) for frame in tables.photometry)
    spectra = sum(len(frame) for frame in tables.spectra)
    seconds = time.process_time() - start
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return {
        "objects": objects,
        "points": rows,
        "spectra": spectra,
        "loading_s": loading,
        "seconds": seconds,
        "per_second": objects / seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
        "table_mb": engine.light.nbytes / 1e6 if isinstance(engine, Templates) else 0.0,
    }


def _child(name: str, objects: int, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.simulation", "--child", name, str(objects)]
    if arguments.templates:
        command += ["--templates", str(arguments.templates)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


# --- report --------------------------------------------------------------------------------------


def _print(results: dict[str, Any]) -> None:
    rates = results["light"]
    loop = rates["sncosmo_loop"]
    print(f"light: {rates['visits_per_object']:.0f} visits and one spectrum, per second and core\n")
    print(f"{'':16}{'objects/s':>12}{'over the loop':>16}")
    for name in ("builtin", "templates", "sncosmo_loop"):
        if name in rates:
            print(f"{name:16}{rates[name]:12,.0f}{rates[name] / loop:16.1f}")
    if "worst_median_difference_mmag" in rates:
        worst = rates["worst_median_difference_mmag"]
        print(f"\ntemplates and loop differ by {worst:.1f} mmag (median of the worst object)")
    print("\nsurvey: draws, visits, noise, selection, photometry and one spectrum, tables\n")
    print(f"{'':16}{'objects':>10}{'CPU s':>10}{'objects/s':>12}{'peak MB':>10}{'500,000: h':>14}")
    for name, sizes in results["survey"].items():
        for one in sizes:
            hours = PAPER / one["per_second"] / 3600
            print(
                f"{name:16}{one['objects']:10,}{one['seconds']:10.1f}{one['per_second']:12,.0f}"
                f"{one['peak_mb']:10.0f}{hours:14.2f}"
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--templates", type=Path, help="folder of SED series")
    parser.add_argument("--events", type=int, default=500, help="for the light")
    parser.add_argument("--objects", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

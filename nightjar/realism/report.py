"""The whole comparison: every class, every group of features, as numbers and as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from nightjar.errors import InputError
from nightjar.params import PreprocessSpectra
from nightjar.realism import compare, observed, spectral, twins
from nightjar.realism.compare import FEWEST, IN_TWINS, TESTS, Measured, Tested
from nightjar.realism.twins import Physics
from nightjar.samples import Sample
from nightjar.simulate import populations

WEIGHED = "light_curve"  # the group of features for which the forest says what it goes by
_SHOWN = 5  # features that give most away
# Spectra as the forest sees them: Maven's chain on a grid that all near-peak spectra share.
SPECTRA = PreprocessSpectra(
    wavelength_min=3500.0,
    wavelength_max=9000.0,
    bins=128,
    median_width=5,
    continuum="spline",
    knots=13,
    degree=5,
    apodise=0.05,
    min_pixels=10,
    min_coverage=0.3,
    threads=1,
)


class ClassReport(NamedTuple):
    """One class: its objects, what was told from which group of features, and by what."""

    label: str
    measured: Measured
    tested: dict[str, Tested]  # group of features, "spectrum" included
    giveaways: dict[str, pd.DataFrame]
    unseen: int  # real points left out because the twin had not exploded yet
    points: int  # all real points


def against_twins(
    sample: Sample, classes: Sequence[str], most: int, min_points: int, physics: Physics
) -> list[ClassReport]:
    """Compare each class of a sample with simulated twins of its objects.

    Parameters
    ----------
    sample : real objects
    classes : names of `populations.CLASSES`
    most, min_points : see `observed.gather`
    physics : of the twins; its seed is that of the forest, too
    """
    _check(sample, classes, "real")
    found = []
    for label in classes:
        real = observed.gather(sample, label, min_points, most)
        made = twins.make(real, label, physics)
        pairs = [pair for pair in made if len(pair.real.curve.time) >= min_points]
        unseen = sum(pair.unseen for pair in made)
        points = sum(len(each.curve.time) for each in real)
        measured = compare.measure_pairs(pairs)
        found.append(
            _judge(label, measured, IN_TWINS, True, physics.seed)._replace(
                unseen=unseen, points=points
            )
        )
    return found


def against_sample(
    real: Sample, simulated: Sample, classes: Sequence[str], most: int, min_points: int, seed: int
) -> list[ClassReport]:
    """Compare each class of two samples as they are, cadence, errors and redshift included."""
    _check(real, classes, "real")
    _check(simulated, classes, "simulated")
    found = []
    for label in classes:
        sides = [observed.gather(each, label, min_points, most) for each in (real, simulated)]
        found.append(_judge(label, compare.measure_samples(*sides), tuple(TESTS), False, seed))
    return found


def _check(sample: Sample, classes: Sequence[str], which: str) -> None:
    unknown = [name for name in classes if name not in populations.CLASSES]
    if unknown:
        known = ", ".join(populations.CLASSES)
        raise InputError(f"--classes: {', '.join(unknown)}: none that can be simulated: {known}")
    curves = sample.light_curves
    if curves.quantity != "mag" or not set(observed.BANDS) & set(curves.bands):
        raise InputError(
            f"{which} sample: light curves of {', '.join(curves.bands)} in {curves.quantity}; the "
            f"comparison needs magnitudes in band groups {', '.join(observed.BANDS)}; "
            "see gather_supernovae.bands"
        )


def _judge(
    label: str, measured: Measured, groups: Sequence[str], paired: bool, seed: int
) -> ClassReport:
    tested: dict[str, Tested] = {}
    giveaways: dict[str, pd.DataFrame] = {}
    results = {
        name: compare.judge_curves(measured, TESTS[name], seed, weigh=name == WEIGHED)
        for name in groups
    }
    results["spectrum"] = spectral.judge_spectra(measured, SPECTRA, paired, seed)
    for name, result in results.items():
        if result is not None:
            tested[name], giveaways[name] = result
    return ClassReport(label, measured, tested, giveaways, 0, 0)


def numbers(reports: Sequence[ClassReport]) -> dict[str, dict[str, float]]:
    """Per class: objects, and per group of features AUROC, its error and objects."""
    found = {}
    for report in reports:
        values: dict[str, float] = {
            "objects": len(report.measured.real),
            "simulated_objects": len(report.measured.simulated),
        }
        if report.points:
            values["unseen_share"] = report.unseen / report.points
        for name, tested in report.tested.items():
            values[f"{name}_auroc"] = tested.auroc
            values[f"{name}_auroc_std"] = tested.error
            values[f"{name}_objects"] = tested.objects
        found[report.label] = values
    return found


def read_scores(path: str | Path) -> dict[str, dict[str, tuple[float, float]]]:
    """AUROC and error by class and group of features of an earlier run.

    Raises
    ------
    InputError
        The file is not readable or not what `numbers` gives.
    """
    try:
        stored = json.loads(Path(path).read_text())
        return {
            label: {
                key.removesuffix("_auroc"): (float(value), float(values[f"{key}_std"]))
                for key, value in values.items()
                if key.endswith("_auroc")
            }
            for label, values in stored.items()
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(
            f"{path}: no realism.json of an earlier run ({error!r}); give the one in its --out"
        ) from None


def giveaways(reports: Sequence[ClassReport]) -> pd.DataFrame:
    """All features of all classes and groups, those that give most away first."""
    parts = [
        frame.assign(**{"class": report.label, "group": name})
        for report in reports
        for name, frame in report.giveaways.items()
    ]
    if not parts:
        return pd.DataFrame()
    frame = pd.concat(parts, ignore_index=True)
    return frame[["class", "group", *frame.columns.drop(["class", "group"])]]


def text(reports: Sequence[ClassReport]) -> str:
    """The table that the command prints."""
    lines = []
    for report in reports:
        real, simulated = len(report.measured.real), len(report.measured.simulated)
        lines.append(f"{report.label}: {real} real, {simulated} simulated")
        if not report.tested:
            lines.append(f"  not scored: fewer than {FEWEST} objects can be measured")
        if report.unseen:
            share = 100 * report.unseen / report.points
            lines.append(
                f"  {share:.1f} % of the real points precede the twin's explosion: left out"
            )
        for name, tested in report.tested.items():
            score = f"{tested.auroc:.3f} +- {tested.error:.3f}"
            lines.append(f"  {name:12s} AUROC {score}  ({tested.objects} real objects)")
        for name in (WEIGHED, "spectrum"):
            if name in report.giveaways:
                lines.extend(_told_by(name, report.giveaways[name].head(_SHOWN)))
    return "\n".join(lines)


def _told_by(name: str, frame: pd.DataFrame) -> list[str]:
    lines = [f"  given away by, in the {name.replace('_', ' ')}:"]
    lines += [
        f"    {row.feature:10s} real {row.real:8.3f}  simulated {row.simulated:8.3f}  "
        f"({row.unit}; weight {row.importance:.3f})"
        for row in frame.itertuples()
    ]
    return lines

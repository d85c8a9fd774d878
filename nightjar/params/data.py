"""Settings of the stages that make, gather and prepare data."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from nightjar.params.common import (
    Classes,
    Count,
    Counts,
    M,
    Parallel,
    Positive,
    Seeded,
    Settings,
    increasing,
)


def _distinct(groups: Classes, what: str) -> Classes:
    """Every raw name belongs to one group, else the meaning of a row would depend on order."""
    seen: dict[str, str] = {}
    for group, members in groups.items():
        for member in members:
            if member in seen:
                raise ValueError(f"{what} {member!r} is in both {seen[member]!r} and {group!r}")
            seen[member] = group
    return groups


def _needs_path(settings: M, source: str, path: str | None) -> M:
    if source != "mock" and path is None:
        raise ValueError(f"source {source!r} needs a path")
    return settings


def _ascending(ends: tuple[float, float]) -> tuple[float, float]:
    if not ends[0] < ends[1]:
        raise ValueError("the two ends must ascend")
    return ends


Percentile = Annotated[float, Field(ge=0, le=100)]
Percentiles = Annotated[tuple[Percentile, Percentile], AfterValidator(_ascending)]
Range = Annotated[tuple[float, float], AfterValidator(_ascending)]


class SpectrographSettings(Settings):
    """Range, resolution and pixels of a spectrograph."""

    wavelength_min: Annotated[float, Field(ge=1000)]
    wavelength_max: Annotated[float, Field(le=30000)]
    resolution: Annotated[float, Field(ge=10)]
    pixels: Annotated[int, Field(ge=2)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        return increasing(self, self.wavelength_min, self.wavelength_max)


class SimulatedSurvey(Parallel, Seeded):
    """How simulated supernovae are observed."""

    objects: Count
    noise: bool
    passbands: Annotated[dict[str, str | None], Field(min_length=1)]
    spectrograph: SpectrographSettings
    spectra: Count
    phases: Range | None
    spectrum_snr: Positive
    host_light: Annotated[float, Field(ge=0)] | None
    min_points: Count


class SimulateSupernovae(SimulatedSurvey):
    """The pre-training sample of supernova pairs."""

    classes: dict[str, Positive] | None
    magnitude_limit: Range | None
    follow_up: Annotated[tuple[Positive, Positive], AfterValidator(_ascending)] | None
    engine: Literal["builtin", "templates"]
    templates: str | None


class GatherSupernovae(SimulatedSurvey):
    """The observed supernovae: source, bands, classes, and the frozen folds."""

    source: Literal["mock", "tables", "ztf_bts", "snana_hdf5"]
    path: str | None
    engine: Literal["builtin", "templates"]
    templates: str | None
    bands: Classes
    classes: Classes
    group_radius: Annotated[float, Field(ge=0)]
    folds: Annotated[int, Field(ge=2)]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        _distinct(self.bands, "band")
        _distinct(self.classes, "class")
        return _needs_path(self, self.source, self.path)


class GatherVariables(Parallel, Seeded):
    """The variable stars: source, classes, and the frozen few-shot splits."""

    source: Literal["mock", "tables", "astromer"]
    path: str | None
    unlabelled: Count
    labelled: Count
    least_share: Annotated[float, Field(ge=0, lt=1)]
    bands: list[str]
    classes: list[str]
    surveys: list[str]
    min_points: Count
    group_radius: Annotated[float, Field(ge=0)]
    folds: Count
    samples_per_class: Counts
    test_per_class: Count
    test_fraction: Annotated[float, Field(gt=0, lt=1)]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        return _needs_path(self, self.source, self.path)


class PreprocessSpectra(Parallel):
    """Median filter, log-wavelength grid, continuum, apodisation (Zhang+2024)."""

    wavelength_min: Positive
    wavelength_max: Positive
    bins: Annotated[int, Field(ge=8)]
    median_width: Annotated[int, Field(ge=1)]
    continuum: Literal["spline", "polynomial"]
    knots: Annotated[int, Field(ge=4)]
    degree: Annotated[int, Field(ge=0)]
    apodise: Annotated[float, Field(ge=0, lt=0.5)]
    min_pixels: Count
    min_coverage: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        increasing(self, self.wavelength_min, self.wavelength_max)
        if self.median_width % 2 == 0:
            raise ValueError(f"median_width must be odd, not {self.median_width}")
        return self


class WindowLightCurves(Settings):
    """Light curves as sequences for Maven and as windows for Astromer."""

    points_per_band: Count
    window: Annotated[int, Field(ge=5)]
    error_max: Positive
    min_snr: Positive
    before: Positive | None = None  # weights written before these three keys existed have none
    after: Positive | None = None
    keep_between_percentiles: Percentiles | None = None

"""Gather the observed supernovae, from a mock survey or from files, and freeze their folds."""

from nightjar import params, samples, splits
from nightjar.metrics import write_json
from nightjar.pipeline import run
from nightjar.samples import census
from nightjar.simulate import light, rates, supernovae
from nightjar.simulate.spectrographs import Spectrograph
from nightjar.surveys import READERS
from nightjar.tables import Tables

SAMPLE = "data/raw/supernovae"


def read(settings: params.GatherSupernovae) -> Tables:
    """The tables of the chosen source."""
    if settings.source == "mock":
        return supernovae.simulate(
            settings.objects,
            settings.seed,
            population="observed",
            classes=rates.BTS,
            noise=settings.noise,
            spectra=settings.spectra,
            phases=settings.phases,
            spectrum_snr=settings.spectrum_snr,
            min_points=settings.min_points,
            passbands=settings.passbands,
            spectrograph=Spectrograph(**settings.spectrograph.model_dump()),
            host_light=settings.host_light,
            engine=light.engine(settings.engine, settings.templates),
            threads=settings.threads,
        )
    options = {"noise": settings.noise} if settings.source != "ztf_bts" else {}
    return READERS[settings.source](settings.path, **options)


def main() -> None:
    """Read, write the sample and its folds, count."""
    settings = params.load(params.GatherSupernovae)
    dropped = samples.write(
        read(settings),
        SAMPLE,
        bands=settings.bands,
        classes=settings.classes,
        min_points=settings.min_points,
        group_radius=settings.group_radius,
    )
    sample = samples.open(SAMPLE)
    pairs = sample.objects[census.pairs(sample, settings.min_points)]
    folds, left_out = splits.stratified_folds(
        pairs, settings.folds, settings.validation_fraction, settings.seed
    )
    folds.to_parquet(f"{SAMPLE}/splits.parquet", index=False)
    left_out["not_a_pair"] = len(sample.objects) - len(pairs)
    counts = census.counts(sample)
    counts["sample"]["pairs_in_folds"] = folds["object_id"].nunique()
    write_json(
        "metrics/gather_supernovae.json", {**counts, "dropped": dropped, "not_in_folds": +left_out}
    )


if __name__ == "__main__":
    run(main, "gather_supernovae")

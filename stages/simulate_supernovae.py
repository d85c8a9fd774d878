"""Simulate labelled pairs of light curve and spectrum: the pre-training sample."""

from nightjar import params, samples
from nightjar.metrics import write_json
from nightjar.pipeline import run
from nightjar.samples import census
from nightjar.simulate import light, supernovae
from nightjar.simulate.spectrographs import Spectrograph

SAMPLE = "data/raw/simulated_supernovae"


def main() -> None:
    """Simulate, write the sample, count."""
    settings = params.load(params.SimulateSupernovae)
    tables = supernovae.simulate(
        settings.objects,
        settings.seed,
        population="pretraining",
        classes=settings.classes,
        noise=settings.noise,
        magnitude_limit=settings.magnitude_limit,
        follow_up=settings.follow_up,
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
    dropped = samples.write(
        tables, SAMPLE, bands=None, classes=None, min_points=settings.min_points, group_radius=0.0
    )
    counts = census.counts(samples.open(SAMPLE))
    write_json("metrics/simulate_supernovae.json", {**counts, "dropped": dropped})


if __name__ == "__main__":
    run(main, "simulate_supernovae")

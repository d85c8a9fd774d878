"""Gather variable stars, from mock surveys or from files, and freeze the few-shot splits."""

import logging
from collections import Counter

import pandas as pd

from nightjar import params, samples, splits
from nightjar.errors import InputError
from nightjar.metrics import write_json
from nightjar.pipeline import run
from nightjar.samples import census
from nightjar.simulate import variables
from nightjar.surveys import READERS
from nightjar.tables import Tables

SAMPLE = "data/raw/variables"


def read(settings: params.GatherVariables) -> Tables:
    """The tables of the chosen source."""
    if settings.source == "mock":
        return variables.simulate(
            settings.unlabelled,
            settings.labelled,
            settings.seed,
            least_share=settings.least_share,
            threads=settings.threads,
        )
    return READERS[settings.source](settings.path)


def main() -> None:
    """Read, write the sample and its splits, count."""
    settings = params.load(params.GatherVariables)
    mock = settings.source == "mock"
    dropped = samples.write(
        read(settings),
        SAMPLE,
        bands={band: [band] for band in settings.bands} or None,
        classes={name: [name] for name in settings.classes} or None,
        min_points=settings.min_points,
        # A million simulated stars in a few fields have neighbours, but no duplicates.
        group_radius=0.0 if mock else settings.group_radius,
    )
    sample = samples.open(SAMPLE)
    asked = settings.classes or settings.surveys
    if asked or sample.objects["class"].notna().any():
        labelled = census.labelled(sample, settings.surveys)
    else:
        logging.warning("no star has a class: networks can be pre-trained, nothing else")
        labelled = sample.objects.iloc[:0].assign(survey="")
    tables, left_out = [splits.NO_STARS.assign(survey="")], Counter[str]()
    for survey, objects in labelled.groupby("survey"):
        try:
            few, counted = splits.few_shot(
                objects,
                settings.folds,
                settings.samples_per_class,
                settings.test_per_class,
                settings.test_fraction,
                settings.validation_fraction,
                settings.seed,
            )
        except InputError as error:
            raise InputError(f"survey {survey!r}, see gather_variables.surveys: {error}") from None
        tables.append(few.assign(survey=survey))
        left_out.update(counted)
    pd.concat(tables, ignore_index=True).to_parquet(f"{SAMPLE}/splits.parquet", index=False)
    write_json(
        "metrics/gather_variables.json",
        {**census.counts(sample), "dropped": dropped, "not_in_splits": left_out},
    )


if __name__ == "__main__":
    run(main, "gather_variables")

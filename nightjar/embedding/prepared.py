"""What an encoder is given: the bands it knows, points sorted and checked, in one row per curve."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from nightjar import samples, windows
from nightjar.columns import in_words
from nightjar.errors import InputError
from nightjar.params import WindowLightCurves
from nightjar.ragged import LightCurves
from nightjar.tables import Tables

Groups = Mapping[str, Sequence[str]]


@dataclass
class Source:
    """Light curves on their way to an encoder.

    Attributes
    ----------
    tables : objects and photometry; read once
    groups : raw bands of each band, see `samples.write`
    min_points : an object with fewer is dropped
    where : the file, for messages
    folder : where the points rest meanwhile
    progress : show bars
    drops : counted while the source is read, by reason
    """

    tables: Tables
    groups: Groups | None
    min_points: int
    where: str
    folder: Path
    progress: bool = False
    drops: Counter[str] = field(default_factory=Counter)


def groups_of(words: Sequence[str] | None) -> dict[str, list[str]] | None:
    """``["g=g,V", "r=R"]`` to ``{"g": ["g", "V"], "r": ["R"]}``; None without words.

    Raises
    ------
    InputError
        A word is not of this form, or names a band again.
    """
    bands: dict[str, list[str]] = {}
    for text in words or ():
        name, equals, raw = text.partition("=")
        members = [member for member in raw.split(",") if member]
        if not (name and equals and members) or name in bands:
            raise InputError(f"--band {text}: give each band once, as NAME=RAW or NAME=RAW,RAW")
        bands[name] = members
    return bands or None


def band_groups(
    own: Sequence[str], found: Sequence[str], bands: Groups | None, where: str
) -> Groups:
    """Raw bands of each band of a model of several bands, in its order: a code is a place.

    Parameters
    ----------
    own : bands of the model
    found : raw bands of the photometry
    bands : group -> raw bands in order of preference; None: the model's own names
    where : the file, for messages

    Raises
    ------
    InputError
        The groups are not the model's bands, or there is no point in one of them.
    """
    groups = {band: [band] for band in own} if bands is None else bands
    if set(groups) != set(own):
        raise InputError(
            f"bands: given are {_listed(groups)}; the model was trained on {_listed(own)}"
        )
    for group in own:
        if not set(groups[group]) & set(found):
            raise InputError(
                f"{where}: no point in the model's band {group!r} ({_listed(groups[group])}), only "
                f"in {_listed(found)}; say which of these it is: --band {group}=..."
            )
    return {group: groups[group] for group in own}


def chosen_bands(found: Sequence[str], bands: Groups | None, where: str) -> Groups | None:
    """``bands`` as they are, for a model of single bands; None takes all.

    Raises
    ------
    InputError
        There is no point in any of them.
    """
    if bands is not None and not set(found) & {raw for group in bands.values() for raw in group}:
        raise InputError(f"{where}: no point in the bands asked for, only in {_listed(found)}")
    return bands


def _listed(names: Sequence[str] | Groups) -> str:
    return ", ".join(names) or "none"


def prepare(
    source: Source, folder: Path, settings: WindowLightCurves, single_band: bool
) -> LightCurves:
    """The light curves as the window stage would write them, from ``folder``.

    Parameters
    ----------
    source : its ``drops`` grow
    folder : for everything on the way; several times the size of the points
    settings : of the model's own windows
    single_band : a row per object and band (`windows.curves`), else per object
        (`windows.sequences`)

    Raises
    ------
    InputError
        A table is not what it says, or no light curve is usable.
    """
    sample, converted = folder / "sample", folder / "windows"
    try:
        source.drops += samples.write(
            source.tables, sample, bands=source.groups, classes=None,
            min_points=source.min_points, group_radius=0, progress=source.progress,
        )  # fmt: skip
    except InputError as error:  # the folder is nothing that the user knows
        raise InputError(str(error).replace(str(sample), source.where)) from None
    convert = windows.write_curves if single_band else windows.write_sequences
    source.drops += convert(samples.open(sample).light_curves, converted, settings)
    ready = LightCurves.open(converted)
    if not len(ready.time):
        raise InputError(
            f"{source.where}: no light curve is usable; dropped: {in_words(+source.drops)}"
        )
    return ready


def chunks(
    source: Source, settings: WindowLightCurves, single_band: bool, points: int, doing: str
) -> Iterator[LightCurves]:
    """The light curves of `prepare` in slices, under a progress bar that says ``doing``.

    Parameters
    ----------
    points : at most so many in a slice, which has whole rows, at least one
    """
    with tempfile.TemporaryDirectory(dir=source.folder, prefix=f".{doing}_") as name:
        ready = prepare(source, Path(name), settings, single_band)
        quiet = None if source.progress else True
        with tqdm(desc=doing, total=len(ready), unit=" curves", disable=quiet) as bar:
            for chunk in windows.chunks(ready, points):
                yield chunk
                bar.update(len(chunk))

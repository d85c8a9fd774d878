"""Embeddings are the pipeline's own, in input order, however the file is cut or padded."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from nightjar import batching, pairs, samples, stars, stored, weights, windows
from nightjar.__main__ import main
from nightjar.batching.datasets import SupernovaData
from nightjar.embedding import Encoder, encoder
from nightjar.errors import InputError
from nightjar.networks import NETWORKS
from nightjar.networks.astromer import NAMED
from nightjar.params import WindowLightCurves
from nightjar.samples import spool
from nightjar.surveys import canonical, parquet
from nightjar.tasks import AstromerTask, MavenTask, sequence

SETTINGS = {"points_per_band": 6, "window": 20, "error_max": 1.0, "min_snr": 3.0}
SIZES = {"dim": 8, "depth": 2, "heads": 2, "feedforward": 6}
LENGTHS = {"zeta": 45, "beta": 7, "alpha": 20, "mu": 61, "omega": 12}  # points in each band
ENCODER = {"dim": 8, "depth": 1, "heads": 2, "base": 1000.0, "pooling": "mean"}
MAVEN = {
    "light_curve": ENCODER | {"centre": 18.0, "scale": 1.0}, "spectrum": ENCODER, "output": 3,
    "embedding": 4, "bands": 2, "logit_scale": 10.0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def rows(lengths=LENGTHS, bands=("g", "r"), seed=2) -> pd.DataFrame:
    """Photometry, object after object, in the order of ``lengths``."""
    rng = np.random.default_rng(seed)
    frames = [
        pd.DataFrame(
            {
                "object_id": name,
                "time": 58000 + np.sort(rng.uniform(0, 300, count)),
                "band": band,
                "mag": 18 + rng.normal(0, 0.5, count),
                "mag_err": rng.uniform(0.01, 0.2, count),
            }
        )
        for name, count in lengths.items()
        for band in bands
    ]
    return pd.concat(frames, ignore_index=True)


def on_disk(frame: pd.DataFrame, path: Path, **how) -> Path:
    frame.to_parquet(path, index=False, **how)
    return path


def model(
    folder: Path, name: str = "astromer2", network: str = "Astromer", bands=("g", "r"), **changes
) -> Path:
    """A folder with the weights of a small network."""
    torch.manual_seed(5)
    settings = MAVEN if network == "Maven" else {**NAMED[name], **SIZES}
    said = {"light_curves": SETTINGS} if network == "Maven" else SETTINGS
    about = {"preprocessing": said, "bands": bands, "sample": "0" * 64} | changes
    weights.save(folder / "weights.safetensors", NETWORKS[network](**settings), **about)
    return folder


def embedded(path: Path) -> np.ndarray:
    """The column of embeddings, (rows, dim)."""
    return np.stack(pd.read_parquet(path)["embedding"].to_numpy())


def run(tmp_path: Path, frame: pd.DataFrame, **settings) -> pd.DataFrame:
    """Embed rows through a file."""
    arguments = {key: settings.pop(key) for key in ("bands", "min_points") if key in settings}
    folder = settings.pop("model", tmp_path / "model")
    if not folder.exists():
        model(folder)
    loaded = Encoder.load(folder, device="cpu", **settings)
    source = on_disk(frame, tmp_path / "photometry.parquet")
    out = tmp_path / "out.parquet"
    loaded.embed_file(source, out, progress=False, **arguments)
    return pd.read_parquet(out)


def values(table: pd.DataFrame) -> np.ndarray:
    return np.stack(table["embedding"].to_numpy())


# --- the pipeline's own ---------------------------------------------------------------------------


def gathered(tmp_path: Path, frame: pd.DataFrame, convert, bands=None) -> tuple[Path, Path]:
    """A sample with objects in another order, and its windows, as the stages write them."""
    folder = tmp_path / "survey"
    folder.mkdir()
    names = sorted(frame["object_id"].unique())
    on_disk(pd.DataFrame({"object_id": names}), folder / "objects.parquet")
    on_disk(frame.sample(frac=1, random_state=1), folder / "photometry.parquet")
    sample, out = tmp_path / "raw", tmp_path / "processed" / "windows"
    samples.write(
        canonical.read(folder), sample, bands=bands, classes=None, min_points=1, group_radius=0,
        progress=False,
    )  # fmt: skip
    settings = WindowLightCurves(**SETTINGS)
    convert(samples.open(sample).light_curves, out, settings)
    (out.parent / "settings.json").write_text(settings.model_dump_json())
    return sample, out


@pytest.mark.parametrize("name", sorted(NAMED))
def test_astromer_as_in_the_pipeline(name, tmp_path):
    """`stages.finetune_astromer` keeps every layer of every window."""
    frame = rows()
    folder = model(tmp_path / "model", name)
    network = weights.load(folder / "weights.safetensors").network
    catalogue = stars.open_stars(*gathered(tmp_path, frame, windows.write_curves))
    cut = catalogue.sequential(
        np.arange(len(catalogue.ids)), full=network.settings["mask"] == "legacy"
    )
    task = AstromerTask(network)
    layers = task.collect(task.embed, batching.evaluation(cut, np.arange(len(cut)), 7)())
    codes = catalogue.light_curves.band[catalogue.light_curves.offsets[:-1]]
    names = np.array(catalogue.bands)[codes]
    found = run(tmp_path, frame, model=folder, layer=1)
    assert list(found.columns) == ["object_id", "band", "embedding"]
    assert len(found) == 10
    for line in found.itertuples():
        curve = np.flatnonzero((catalogue.ids == line.object_id) & (names == line.band))
        expected = layers[cut.row == curve[0], 1].mean(axis=0)
        np.testing.assert_allclose(line.embedding, expected, atol=2e-6)


def test_maven_as_in_the_pipeline(tmp_path):
    """`stages.finetune_clip` embeds sequences of both bands, with V for g and R for r."""
    frame = rows(bands=("R", "V"))
    groups = {"g": ["g", "V"], "r": ["r", "R"]}
    _, out = gathered(tmp_path, frame, windows.write_sequences, groups)
    store = pairs.LightCurves.open(out)
    folder = model(tmp_path / "model", network="Maven")
    task = MavenTask(weights.load(folder / "weights.safetensors").network)
    data = SupernovaData(store, stored.window_settings(out)["points_per_band"])
    expected = task.collect(
        lambda batch: task.network.embed_light_curve(*sequence(batch)),
        batching.evaluation(data, np.arange(len(store)), 2)(),
    )
    found = run(tmp_path, frame, model=folder, bands=groups)
    assert list(found.columns) == ["object_id", "embedding"]
    assert found["object_id"].tolist() == list(LENGTHS)
    row = pd.Index(store.object_id).get_indexer(found["object_id"])
    np.testing.assert_allclose(values(found), expected[row], atol=2e-6)


def test_two_windows_by_hand(tmp_path):
    """A curve of 25 points and windows of 20: points 0 to 19 and 5 to 24."""
    frame = rows({"only": 25}, ("g",))
    network = weights.load(model(tmp_path / "model") / "weights.safetensors").network
    each = []
    for start in (0, 5):
        part = frame.iloc[start : start + 20]
        time, mag = part["time"] - part["time"].mean(), part["mag"].astype(np.float32)
        mag = mag.astype(np.float64) - mag.astype(np.float64).mean()
        inputs = [torch.tensor(x.to_numpy(np.float32))[None] for x in (mag, time)]
        valid = torch.ones(1, 20, dtype=torch.bool)
        with torch.inference_mode():
            each.append(network(*inputs, None, valid).mean(dim=1)[0].numpy())
    for pool, expected in (("mean", np.mean(each, 0)), ("max", np.max(each, 0))):
        np.testing.assert_allclose(values(run(tmp_path, frame, pool=pool))[0], expected, atol=2e-6)
    kept = run(tmp_path, frame, pool="none")
    np.testing.assert_allclose(values(kept), each, atol=2e-6)
    assert kept["window"].tolist() == [0, 1]


# --- order, chunks, padding -----------------------------------------------------------------------


def test_the_order_is_that_of_the_first_rows(tmp_path):
    found = run(tmp_path, rows())
    assert found["object_id"].tolist() == [name for name in LENGTHS for _ in range(2)]
    assert found["band"].tolist() == ["g", "r"] * 5


def test_rows_in_any_order_and_any_row_groups(tmp_path, monkeypatch):
    """An object may be spread over row groups, reading chunks, buckets and embedded chunks."""
    whole = run(tmp_path, rows())
    mixed = rows().sample(frac=1, random_state=3)
    source = on_disk(mixed, tmp_path / "mixed.parquet", row_group_size=17)
    monkeypatch.setattr(parquet, "ROWS", 23)
    monkeypatch.setattr(encoder, "POINTS", 30)
    monkeypatch.setattr(spool.Spool.blocks, "__defaults__", (40,))
    out = tmp_path / "mixed_out.parquet"
    Encoder.load(tmp_path / "model", device="cpu", batch_size=3).embed_file(source, out)
    found = pd.read_parquet(out)
    assert pq.ParquetFile(out).num_row_groups > 3
    assert found["object_id"].unique().tolist() == mixed["object_id"].unique().tolist()
    both = whole.merge(found, on=["object_id", "band"], validate="1:1")
    assert len(both) == len(whole)
    first, second = (np.stack(both[f"embedding_{side}"].to_numpy()) for side in "xy")
    np.testing.assert_allclose(first, second, atol=2e-6)


@pytest.mark.parametrize("name", ["astromer1", "astromer2"])
@pytest.mark.parametrize("pool", ["mean", "max", "none"])
def test_batches_and_their_padding_change_nothing(name, pool, tmp_path):
    folder = model(tmp_path / "model", name)
    alone, together = (
        run(tmp_path, rows(), model=folder, pool=pool, batch_size=size) for size in (1, 100)
    )
    assert alone.drop(columns="embedding").equals(together.drop(columns="embedding"))
    np.testing.assert_allclose(values(alone), values(together), atol=2e-6)


def test_other_objects_change_nothing(tmp_path):
    frame = rows()
    alone = run(tmp_path, frame[frame["object_id"] == "mu"])
    together = run(tmp_path, frame)
    np.testing.assert_allclose(
        values(alone), values(together[together["object_id"] == "mu"]), atol=2e-6
    )


def test_layers_from_either_end(tmp_path):
    last = values(run(tmp_path, rows()))
    np.testing.assert_array_equal(last, values(run(tmp_path, rows(), layer=2)))
    first = values(run(tmp_path, rows(), layer=0))
    np.testing.assert_array_equal(first, values(run(tmp_path, rows(), layer=-3)))
    assert not np.allclose(first, last)


@pytest.mark.parametrize("network", ["Astromer", "Maven"])
def test_bfloat16_is_close_and_another(network, tmp_path):
    folder, bands = model(tmp_path / "model", network=network), {"g": ["V"], "r": ["r"]}
    exact, mixed = (
        values(run(tmp_path, rows(bands=("V", "r")), model=folder, bands=bands, precision=each))
        for each in ("32-true", "bf16-mixed")
    )
    assert 0 < np.abs(exact - mixed).max() < 0.05 * exact.std()


# --- what is dropped ------------------------------------------------------------------------------


def test_bad_rows_are_dropped_and_counted(tmp_path):
    frame = rows()
    worse = frame.iloc[:4].copy()
    worse["time"] = [np.nan, 58001.5, 58002.5, 58003.5]
    worse["mag"] = [18.0, 99.0, 18.0, 18.0]
    worse["mag_err"] = [0.1, 0.1, 0.0, 2.0]
    short = rows({"short": 3})
    source = on_disk(pd.concat([worse, frame, short]), tmp_path / "worse.parquet")
    loaded = Encoder.load(model(tmp_path / "model"), device="cpu")
    summary = loaded.embed_file(source, tmp_path / "out.parquet", progress=False)
    assert summary.drops == {
        "photometry_time_not_finite": 1,
        "photometry_magnitude_out_of_range": 1,
        "photometry_error_not_positive": 1,
        "curve_error_out_of_range": 1,
        "curve_too_few_points": 6,
        "curve_empty": 1,
    }
    assert summary.rows == 10
    np.testing.assert_allclose(
        embedded(tmp_path / "out.parquet"), values(run(tmp_path, frame)), atol=2e-6
    )


def test_an_object_without_one_of_the_bands(tmp_path):
    frame = rows()
    frame = frame[(frame["object_id"] != "alpha") | (frame["band"] == "r")]
    found = run(tmp_path, frame)
    assert found.groupby("object_id").size().to_dict() == dict.fromkeys(LENGTHS, 2) | {"alpha": 1}
    found = run(tmp_path, frame, model=model(tmp_path / "maven", network="Maven"))
    assert found["object_id"].tolist() == list(LENGTHS)


def test_fluxes(tmp_path):
    """Magnitude 18 is a flux of 10^((31.4 - 18) / 2.5) nJy."""
    frame = rows()
    flux = frame.assign(flux=10 ** ((31.4 - frame["mag"]) / 2.5))
    flux = flux.assign(flux_err=flux["flux"] * flux["mag_err"] / 1.0857362)
    frame = frame[frame["mag_err"] < 0.3]  # all of them: signal to noise of at least 3
    expected = values(run(tmp_path, frame))
    found = values(run(tmp_path, flux.drop(columns=["mag", "mag_err"])))
    np.testing.assert_allclose(found, expected, atol=1e-4)


# --- bands ----------------------------------------------------------------------------------------


def test_chosen_bands_of_astromer(tmp_path):
    frame = rows(bands=("V", "g", "r"))
    found = run(tmp_path, frame, bands={"visual": ["V", "g"]})
    assert found["band"].unique().tolist() == ["visual"]
    only = run(tmp_path, frame[frame["band"] == "V"])
    np.testing.assert_array_equal(values(found), values(only))


def test_bands_that_the_model_has_not_seen(tmp_path):
    loaded = Encoder.load(model(tmp_path / "model", bands=("V",)), device="cpu")
    source = on_disk(rows(bands=("I", "V")), tmp_path / "photometry.parquet")
    summary = loaded.embed_file(source, tmp_path / "out.parquet", progress=False)
    assert summary.unseen_bands == ["I"]
    imported = Encoder.load(model(tmp_path / "imported", bands=()), device="cpu")
    assert imported.embed_file(source, tmp_path / "out.parquet").unseen_bands == []


@pytest.mark.parametrize(
    ("kind", "bands", "message"),
    [
        ("Maven", None, r"photometry.parquet: no point in the model's band 'g' \(g\), only in V, "
         r"r; say which of these it is: --band g=\.\.\."),
        ("Maven", {"g": ["V"]}, "bands: given are g; the model was trained on g, r"),
        ("Maven", {"g": ["B"], "r": ["r"]}, r"band 'g' \(B\), only in V, r"),
        ("Astromer", {"I": ["I"]}, "no point in the bands asked for, only in V, r"),
    ],
)  # fmt: skip
def test_bands_that_do_not_fit(kind, bands, message, tmp_path):
    folder = model(tmp_path / "model", network=kind)
    with pytest.raises(InputError, match=message):
        run(tmp_path, rows(bands=("V", "r")), model=folder, bands=bands)
    assert not (tmp_path / "out.parquet").exists()


def test_the_order_of_the_bands_given_is_nothing(tmp_path):
    folder = model(tmp_path / "model", network="Maven")
    one, other = (
        run(tmp_path, rows(), model=folder, bands={band: [band] for band in bands})
        for bands in ("gr", "rg")
    )
    np.testing.assert_array_equal(values(one), values(other))


# --- from memory ----------------------------------------------------------------------------------


def arrays(frame: pd.DataFrame, band: str) -> list[np.ndarray]:
    chosen = frame[frame["band"] == band]
    return [
        chosen.loc[chosen["object_id"] == name, ["time", "mag", "mag_err"]].to_numpy()
        for name in LENGTHS
    ]


def test_arrays_in_embeddings_out(tmp_path):
    frame = rows()
    found = run(tmp_path, frame)
    curves = arrays(frame, "g")
    loaded = Encoder.load(tmp_path / "model", device="cpu")
    expected = values(found[found["band"] == "g"])
    np.testing.assert_allclose(loaded.embed(curves), expected, atol=2e-6)
    backwards = loaded.embed([tuple(curve[::-1].T) for curve in curves[::-1]])
    np.testing.assert_allclose(backwards[::-1], expected, atol=2e-6)


def test_arrays_of_several_bands(tmp_path):
    frame = rows()
    folder = model(tmp_path / "maven", network="Maven")
    expected = values(run(tmp_path, frame, model=folder))
    columns = ["time", "mag", "mag_err", "band"]
    curves = [
        tuple(frame.loc[frame["object_id"] == name, column].to_numpy() for column in columns)
        for name in LENGTHS
    ]
    loaded = Encoder.load(folder, device="cpu")
    np.testing.assert_allclose(loaded.embed(curves), expected, atol=2e-6)


def test_a_curve_without_enough_points_is_a_row_of_nan(tmp_path):
    curves = arrays(rows(), "r")
    curves[1][:4, 0] = np.nan  # three of seven are left
    loaded = Encoder.load(model(tmp_path / "model"), device="cpu")
    found = loaded.embed(curves)
    assert np.isnan(found).any(axis=1).tolist() == [False, True, False, False, False]
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ([], "no light curves to embed"),
        ([np.ones((6, 2))], "light curve 0: expected the columns time, mag, mag_err"),
        ([np.ones((6, 3)), (np.ones(6), np.ones(5), np.ones(6))], "light curve 1: expected"),
        ([np.ones((2, 3, 4))], "light curve 0: expected"),
        ([np.full((6, 3), np.nan)], "light curves: no objects left.*6 photometry_time_not_finite"),
        (
            [np.array([[58000.0, 18, 0.1], [58001, 18, 0.1]])],
            "light curves: no light curve is usable",
        ),
    ],
)
def test_wrong_arrays(curves, message, tmp_path):
    loaded = Encoder.load(model(tmp_path / "model"), device="cpu")
    with pytest.raises(InputError, match=message):
        loaded.embed(curves)


# --- models and settings --------------------------------------------------------------------------


def test_the_encoder_of_a_classifier(tmp_path):
    settings = {"astromer": {**NAMED["astromer2"], **SIZES}, "hidden": [4], "classes": 2}
    network = NETWORKS["AstromerClassifier"](**settings)
    about = {"preprocessing": SETTINGS, "sample": ""}
    weights.save(tmp_path / "weights.safetensors", network, **about)
    found = Encoder.load(tmp_path, device="cpu").embed(arrays(rows(), "g"))
    (tmp_path / "alone").mkdir()
    weights.save(tmp_path / "alone" / "weights.safetensors", network.encoder, **about)
    alone = Encoder.load(tmp_path / "alone", device="cpu").embed(arrays(rows(), "g"))
    np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("Astromer", {"layer": 3}, r"layer: 3: the model has layers 0 \(its input\) to 2"),
        ("Astromer", {"layer": -4}, "layer: -4"),
        ("Astromer", {"pool": "median"}, "pool: 'median' is none of"),
        ("Maven", {"pool": "max"}, "Maven: gives one embedding per object"),
        ("Maven", {"layer": 0}, "Maven: gives one embedding per object"),
        ("Astromer", {"batch_size": 0}, "batch_size: 0"),
        ("Astromer", {"precision": "16"}, "precision: '16' is none of 32-true, bf16-mixed"),
    ],
)
def test_settings_that_mean_nothing(kind, settings, message, tmp_path):
    with pytest.raises(InputError, match=message):
        Encoder.load(model(tmp_path / "model", network=kind), **settings)


def test_windows_that_are_not_pooled_have_no_row_per_curve(tmp_path):
    loaded = Encoder.load(model(tmp_path / "model"), pool="none", device="cpu")
    with pytest.raises(InputError, match="pool: none"):
        loaded.embed(arrays(rows(), "g"))


def test_models_that_embed_nothing(tmp_path):
    head = NETWORKS["GammaHead"](layers=2, dim=8, hidden=[6], classes=3)
    weights.save(tmp_path / "weights.safetensors", head, preprocessing={}, sample="")
    with pytest.raises(InputError, match="GammaHead: this network embeds no light curves"):
        Encoder.load(tmp_path)
    with pytest.raises(InputError, match="does not say how light curves are prepared"):
        Encoder.load(model(tmp_path / "model", preprocessing={"window": 200}))
    model(tmp_path / "maven" / "folds" / "0", network="Maven")
    with pytest.raises(InputError, match=r"no weights.safetensors in it; there are: .*folds/0"):
        Encoder.load(tmp_path / "maven")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="train or import a model first"):
        Encoder.load(tmp_path / "empty")
    with pytest.raises(InputError, match="no such file"):
        Encoder.load(tmp_path / "nothing")


# --- files and the command ------------------------------------------------------------------------


def test_a_wrong_file_leaves_nothing_behind(tmp_path):
    loaded = Encoder.load(model(tmp_path / "model"), device="cpu")
    frame, out = rows(), tmp_path / "out" / "embeddings.parquet"
    out.parent.mkdir()
    for change, message in (
        (frame.drop(columns="mag"), "no column 'mag'"),
        (frame.assign(time="yesterday"), "column 'time', row 0"),
        (frame.assign(object_id=None), "no row has an object_id"),
        (frame.assign(time=np.nan), r"photometry.parquet: no objects left"),
        (frame.iloc[:3], "photometry.parquet: no light curve is usable"),
    ):
        source = on_disk(change, tmp_path / "photometry.parquet")
        with pytest.raises(InputError, match=message):
            loaded.embed_file(source, out, progress=False)
        assert list(out.parent.iterdir()) == []
    with pytest.raises(InputError, match="no such file"):
        loaded.embed_file(tmp_path / "nowhere.parquet", out)


def test_the_photometry_is_not_written_over(tmp_path):
    loaded = Encoder.load(model(tmp_path / "model"), device="cpu")
    source = on_disk(rows(), tmp_path / "photometry.parquet")
    before = source.read_bytes()
    for out in (source, tmp_path / "model" / ".." / "photometry.parquet", tmp_path):
        with pytest.raises(InputError, match="is a folder, or the photometry"):
            loaded.embed_file(source, out, progress=False)
    assert source.read_bytes() == before


def test_the_file_says_what_it_holds(tmp_path):
    run(tmp_path, rows(), pool="max")
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert str(schema.field("embedding").type) == "fixed_size_list<element: float>[8]"
    about = schema.metadata[b"nightjar"].decode()
    assert json.loads(about) == {
        "layer": -1, "network": "Astromer", "pool": "max", "precision": "32-true",
    }  # fmt: skip


def test_the_command(tmp_path, capsys):
    source = on_disk(rows(bands=("V", "r")), tmp_path / "photometry.parquet")
    out = tmp_path / "embeddings.parquet"
    folder = model(tmp_path / "maven", network="Maven")
    words = ["embed", str(source), "--model", str(folder), "--out", str(out), "--device", "cpu"]
    assert main(words) == 2
    assert "--band g=..." in capsys.readouterr().err
    assert main([*words, "--band", "g=g,V", "--band", "r=r"]) == 0
    assert "5 rows; dropped: nothing" in capsys.readouterr().out
    assert embedded(out).shape == (5, 4)
    folder = model(tmp_path / "astromer", bands=("V",))
    words[words.index("--model") + 1] = str(folder)
    assert main([*words, "--pool", "none"]) == 0
    assert "trained on V, not on r" in capsys.readouterr().err
    assert pd.read_parquet(out)["window"].max() == 3  # 61 points in windows of 20


@pytest.mark.parametrize("band", ["g", "g=", "=V", "g=,"])
def test_bands_that_cannot_be_read(band, tmp_path, capsys):
    source = on_disk(rows(), tmp_path / "photometry.parquet")
    words = ["embed", str(source), "--model", str(model(tmp_path / "model")), "--out", "x"]
    assert main([*words, "--band", band]) == 2
    assert f"--band {band}: give each band once" in capsys.readouterr().err


@pytest.mark.realdata
def test_published_astromer_1_on_real_stars(realdata, tmp_path):
    """Curves through files, checks and windows are the authors' own windows, padded to 200."""
    from nightjar.published import download

    download.write(realdata / "astromer_v1" / "macho_a0.zip", tmp_path / "model")
    with np.load(realdata / "astromer_v1" / "parity.npz") as file:
        case = {name: file[name][..., 0] for name in ("mag", "times", "mask_in", "mask_out")}
    valid = (case["mask_in"] == 0) | (case["mask_out"] == 1)
    curves = [
        np.column_stack([58000 + time[seen], mag[seen], np.full(seen.sum(), 0.1)])
        for time, mag, seen in zip(case["times"], case["mag"], valid, strict=True)
    ]
    inputs = [torch.from_numpy(case[name]) for name in ("mag", "times")]
    network = weights.load(tmp_path / "model" / "weights.safetensors").network
    with torch.inference_mode():
        expected = network.embed(*inputs, None, torch.from_numpy(valid))[:, -1]
    found = Encoder.load(tmp_path / "model", device="cpu").embed(curves)
    np.testing.assert_allclose(found, expected, atol=2e-3)

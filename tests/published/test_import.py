"""The authors' formats, written by the test itself, and every way they can be wrong."""

import shutil
import zipfile

import h5py
import numpy as np
import pytest
import torch

from nightjar import weights
from nightjar.__main__ import main
from nightjar.errors import InputError
from nightjar.networks import Astromer
from nightjar.networks.astromer import NAMED
from nightjar.published import astromer, download, keras, leveldb, tensorflow, wire
from tests.published import formats

KINDS = ("astromer1", "astromer2_released")


def same(model: weights.Model, network: Astromer) -> bool:
    state = model.network.state_dict()
    return all(torch.equal(state[name], value) for name, value in network.state_dict().items())


# --- pieces ---------------------------------------------------------------------------------------


def test_crc_of_the_standard():
    """CRC-32C("123456789") = 0xE3069283 (RFC 3720, B.4); masked: rotated right by 15, + 0xA282EAD8.

    0xE3069283 >> 15 = 0x1C60D, << 17 = 0x25060000 (of 32 bits), or'ed 0x2507C60D, plus the
    constant 0xC78AB0E5.
    """
    assert wire.masked_crc(b"123456789") == 0xC78AB0E5


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**32, 2**63])
def test_varints(value):
    assert wire.varint(b"x" + formats.varint(value), 1) == (value, 1 + len(formats.varint(value)))


def test_varint_by_hand():
    """300 = 2 x 128 + 44: 44 | 128 = 0xAC, then 2."""
    assert wire.varint(b"\xac\x02", 0) == (300, 2)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 11])
def test_broken_varints(data):
    with pytest.raises(ValueError, match=r"ends within|more than 64"):
        wire.varint(data, 0)


def test_fields_of_every_kind():
    text = b"\x08\x96\x01\x12\x02hi\x1d\x01\x00\x00\x00\x21\x02" + bytes(7)
    assert list(wire.fields(text)) == [(1, 150), (2, b"hi"), (3, 1), (4, 2)]


@pytest.mark.parametrize("text", [b"\x12\x05hi", b"\x1d\x01", b"\x0b"])
def test_broken_fields(text):
    with pytest.raises(ValueError, match=r"ends within|unknown wire type"):
        list(wire.fields(text))


def test_a_table_of_many_blocks():
    entries = {f"key/{i:03}".encode(): b"v" * i for i in range(100)}
    assert leveldb.read(formats.table(entries, per_block=7)) == entries


def test_a_compressed_table_is_refused():
    with pytest.raises(ValueError, match=r"compressed \(kind 1\)"):
        leveldb.read(formats.table({b"a": b"b"}, kind=1))


@pytest.mark.parametrize("place", [0, 3, 12])
def test_a_flipped_bit_is_found(place):
    data = bytearray(formats.table({b"alpha": b"beta", b"alphabet": b"gamma"}))
    data[place] ^= 4
    with pytest.raises(ValueError, match="checksum"):
        leveldb.read(bytes(data))


@pytest.mark.parametrize("length", range(0, 108, 9))
def test_a_truncated_table_is_a_value_error(length):
    data = formats.table({b"alpha": b"beta", b"alphabet": b"gamma"})
    assert len(data) > length
    with pytest.raises(ValueError, match="cut off"):
        leveldb.read(data[:length])


# --- whole downloads ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packed", ["folder", "zip"])
def test_a_checkpoint(kind, packed, tmp_path):
    network = formats.tiny(kind)
    folder = formats.checkpoint(tmp_path / "macho", formats.variables(network))
    (folder / "conf.json").write_text('{"max_obs": 60, "heads": 2, "base": 1000}')
    path = folder
    if packed == "zip":
        path = tmp_path / "macho.zip"
        shutil.make_archive(str(path.with_suffix("")), "zip", tmp_path, "macho")
    model = download.write(path, tmp_path / "out")
    assert same(model, network)
    assert model.network.settings == {**network.settings, "heads": 2}
    assert model.metadata.preprocessing["window"] == 60
    assert "base 10000, though the configuration says 1000" in model.metadata.notes["time encoding"]
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert "not at hand" in card
    assert "any single band" in card


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("root", ["/", "model_weights"])
def test_a_keras_file(kind, root, tmp_path):
    network = formats.tiny(kind)
    path = formats.keras(tmp_path / "weights.h5", formats.keras_of(network), root)
    assert same(download.write(path, tmp_path / "out"), network)


def test_twelve_blocks_keep_their_order(tmp_path):
    """``dense_10`` comes after ``dense_9``, not after ``dense_1``."""
    network = formats.tiny("astromer2_released", depth=12)
    path = formats.keras(tmp_path / "weights.h5", formats.keras_of(network))
    assert same(download.write(path, tmp_path / "out"), network)


def test_a_strict_network_of_published_weights(tmp_path):
    network = formats.tiny("astromer1")
    folder = formats.checkpoint(tmp_path / "in", formats.variables(network))
    model = download.write(folder, tmp_path / "out", name="astromer1_strict", base=1000.0)
    assert model.network.mask_token.item() == 0
    assert model.network.settings["mask"] == "strict"
    assert model.network.settings["base"] == 1000
    del model.network.mask_token
    assert torch.equal(model.network.head[1].weight, network.head[1].weight)


def test_the_optimiser_is_left_out():
    arrays = formats.variables(formats.tiny())
    named = {f"layer_with_weights-0/{name}{formats.VALUE}": a for name, a in arrays.items()}
    slot = f"layer_with_weights-0/bn_0/beta/.OPTIMIZER_SLOT/optimizer/m{formats.VALUE}"
    more = {slot: np.ones(8), f"optimizer/iter{formats.VALUE}": np.ones(()), "save_counter": 1}
    assert set(astromer.from_checkpoint(named | more, "here")) == set(arrays)


def test_double_precision_is_read(tmp_path):
    arrays = {name: a.astype(np.float64) for name, a in formats.variables(formats.tiny()).items()}
    model = download.write(formats.checkpoint(tmp_path / "in", arrays), tmp_path / "out")
    assert same(model, formats.tiny())


def test_the_command(tmp_path, capsys):
    folder = formats.checkpoint(tmp_path / "in", formats.variables(formats.tiny()))
    out = tmp_path / "models" / "published"
    assert main(["import-astromer", str(folder), str(out)]) == 0
    # input 16; 2 x (attention 4 x 72, feed-forward 54 + 56, norms 32) = 860; head 16 + 9
    assert "Astromer, 901 parameters" in capsys.readouterr().out
    assert main(["import-astromer", str(folder), str(out)]) == 2
    assert "there is a model already" in capsys.readouterr().err


# --- what can be wrong ----------------------------------------------------------------------------

KERNEL = "enc_layers/1/mha/wq/kernel"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dtype": 99}, f"{KERNEL}.*unknown type 99"),
        ({"size": 12}, f"{KERNEL}.*12 bytes are no float32 array of the shape"),
        ({"shape": formats.message(2, formats.number(1, 2**40))}, f"{KERNEL}.*bytes are no"),
        ({"shape": formats.message(2, b"\x0b")}, "no readable TensorFlow.*wire type 3"),
        ({"shape": formats.number(2, 3)}, "no readable TensorFlow.*has no size"),
        ({"crc": 5}, f"{KERNEL}.*checksum is wrong"),
        ({"more": formats.message(7, b"")}, f"{KERNEL}.*stored in slices"),
        ({"more": formats.number(3, 4)}, f"{KERNEL}.*after the end of its data file"),
    ],
)
def test_a_wrong_entry_names_its_variable(changes, message, tmp_path):
    arrays = formats.variables(formats.tiny())
    folder = formats.checkpoint(tmp_path / "in", arrays, changed=KERNEL, **changes)
    with pytest.raises(InputError, match=message) as caught:
        download.read(folder)
    assert "weights.index" in str(caught.value)


def without(name):
    return lambda arrays: {key: value for key, value in arrays.items() if key != name}


def with_(name, array):
    return lambda arrays: {**arrays, name: array}


ONES = np.ones((8, 7), np.float32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without(KERNEL), f"no variable '{KERNEL}'; the file is not complete"),
        (without("inp_transform/kernel"), "no variable 'inp_transform/kernel'"),
        (without("enc_layers/0/ffn/layer_with_weights-0/kernel"), "no variable 'enc_layers/0/ffn"),
        (with_(KERNEL, ONES), rf"{KERNEL}' has the shape \(8, 7\), expected \(8, 8\)"),
        (with_(KERNEL, np.full((8, 8), np.nan, np.float32)), f"{KERNEL}' holds numbers that are"),
        (with_("bn_0/moving_mean", ONES), "'bn_0/moving_mean' has no place"),
        (with_("enc_layers/9/mha/wq/kernel", ONES), "blocks 0, 1, 9: one between"),
        (with_("classifier/kernel", ONES), "classifier/kernel.*is none of Astromer's"),
        (with_("inp_transform/kernel", ONES), "width of 7 is odd"),
        (
            with_("enc_layers/0/reshape_leak_1/kernel", ONES.T[:, :7]),
            "reshape_leak_1/kernel' has the",
        ),
        (
            with_("enc_layers/0/reshape_leak_2/bias", ONES),
            "no variable 'enc_layers/0/reshape_leak_1",
        ),
    ],
)
def test_wrong_variables_are_named(change, message, tmp_path):
    folder = formats.checkpoint(tmp_path / "in", change(formats.variables(formats.tiny())))
    with pytest.raises(InputError, match=message) as caught:
        download.write(folder, tmp_path / "out")
    assert "weights.index" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_network_of_other_skips_is_refused(tmp_path):
    folder = formats.checkpoint(tmp_path / "in", formats.variables(formats.tiny()))
    with pytest.raises(
        InputError, match=r"its skips are 'none', those of astromer2_rel.*'learned'"
    ):
        download.write(folder, tmp_path / "out", name="astromer2_released")


def test_two_models_in_one_checkpoint():
    names = {f"{model}/bn_0/beta{formats.VALUE}": np.ones(2) for model in "ab"}
    with pytest.raises(InputError, match="two variables are 'bn_0/beta'"):
        astromer.from_checkpoint(names, "here")


@pytest.mark.parametrize("name", ["weights.index", "weights.data-00000-of-00001"])
def test_a_truncated_file(name, tmp_path):
    folder = formats.checkpoint(tmp_path / "in", formats.variables(formats.tiny()))
    content = (folder / name).read_bytes()
    for length in range(0, len(content) - 4, max(len(content) // 40, 1)):
        (folder / name).write_bytes(content[:length])
        with pytest.raises(InputError, match=r"weights\.index.*(cut off|truncated)"):
            download.read(folder)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (formats.number(1, 2), r"has 2 data files.*, 1 lie"),
        (b"", r"has 0 data files"),
        (formats.number(1, 1) + formats.number(2, 1), "big-endian"),
    ],
)
def test_a_wrong_header(header, message, tmp_path):
    arrays = formats.variables(formats.tiny())
    folder = formats.checkpoint(tmp_path / "in", arrays, header=header)
    with pytest.raises(InputError, match=message):
        download.read(folder)


def test_no_data_file(tmp_path):
    folder = formats.checkpoint(tmp_path / "in", formats.variables(formats.tiny()))
    (folder / "weights.data-00000-of-00001").unlink()
    with pytest.raises(InputError, match=r"has 1 data files.*, 0 lie"):
        download.read(folder)


def test_no_weights_or_too_many(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        download.read(tmp_path / "nothing.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"expected the weights of one model.*found none"):
        download.read(tmp_path / "empty")
    for name in "ab":
        formats.checkpoint(tmp_path / "both" / name, formats.variables(formats.tiny()))
    with pytest.raises(InputError, match=r"found a/weights\.index, b/weights\.index"):
        download.read(tmp_path / "both")


def test_a_web_page_for_a_zip(tmp_path):
    page = tmp_path / "macho.zip"
    page.write_text("<!DOCTYPE html><title>404</title>")
    with pytest.raises(InputError, match=r"macho\.zip: no zip.*often a web page"):
        download.read(page)


def test_a_damaged_zip(tmp_path):
    folder = formats.checkpoint(tmp_path / "macho", formats.variables(formats.tiny()))
    path = tmp_path / "macho.zip"
    with zipfile.ZipFile(path, "w") as file:
        for each in folder.iterdir():
            file.write(each, each.name)
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"macho\.zip: no zip, or a damaged"):
        download.read(path)


@pytest.mark.parametrize("text", ["{", '{"heads": 1.5}', '{"heads": 3}'])
def test_a_wrong_configuration(text, tmp_path):
    folder = formats.checkpoint(tmp_path / "in", formats.variables(formats.tiny()))
    (folder / "conf.json").write_text(text)
    with pytest.raises(InputError, match=r"conf.json is damaged|heads: 1.5 is no|of 3 heads"):
        download.write(folder, tmp_path / "out")


@pytest.mark.parametrize("base", [-1.0, 0.0, 1.0, float("nan"), float("inf")])
def test_a_base_that_encodes_no_time(base, tmp_path):
    folder = formats.checkpoint(tmp_path / "in", formats.variables(formats.tiny()))
    with pytest.raises(InputError, match=r"base: .* give a number above 1"):
        download.write(folder, tmp_path / "out", base=base)


# --- Keras ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("encoder/encoder/encoder_layer/multi_head_attention/WK/kernel"), "not complete"),
        (with_("encoder/dense_9/kernel", ONES), "5 layers of the kind 'ffn' in 2 blocks"),
        (with_("encoder/batch/mean", ONES[0]), "'encoder/batch' with mean is none of"),
        (with_("encoder/dense_8/kernel", ONES[:1]), "2 layers could be 'inp_transform'"),
    ],
)
def test_wrong_arrays_of_keras(change, message, tmp_path):
    arrays = change(formats.keras_of(formats.tiny()))
    with pytest.raises(InputError, match=message):
        download.write(formats.keras(tmp_path / "weights.h5", arrays), tmp_path / "out")


def test_broken_keras_files(tmp_path):
    path = formats.keras(tmp_path / "weights.h5", formats.keras_of(formats.tiny()))
    content = path.read_bytes()
    for length in (0, 100, len(content) // 2):
        with pytest.raises(InputError, match="truncated, or no HDF5"):
            keras.read(content[:length], "weights.h5")
    bias = bytes.fromhex("1708 0017 7f00 0000")  # 127, of the exponents of a 32-bit float
    with pytest.raises(InputError, match="no HDF5 file of weights"):
        keras.read(content.replace(bias, bias[:-1] + b"\x7f"), "weights.h5")
    with h5py.File(path, "a") as file:
        del file["regression"]["regression/regression/RegLayer/bias:0"]
    with pytest.raises(InputError, match="RegLayer/bias:0' is listed, but not there"):
        keras.read(path.read_bytes(), "weights.h5")
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.ones(3)
    with pytest.raises(InputError, match="no Keras 2 weights"):
        keras.read(path.read_bytes(), "weights.h5")


# --- the real ones --------------------------------------------------------------------------------


def inputs(case):
    """Value, time, band, valid and masked of a parity file, whose masks count padding as hidden."""
    value, time, hidden, probed = (
        torch.from_numpy(case[name][..., 0]) for name in ("mag", "times", "mask_in", "mask_out")
    )
    valid = (hidden == 0) | (probed == 1)
    return value, time, torch.zeros_like(value, dtype=torch.long), valid, (hidden == 1) & valid


@pytest.mark.realdata
def test_parity_of_the_published_astromer_1(realdata, tmp_path):
    model = download.write(realdata / "astromer_v1" / "macho_a0.zip", tmp_path)
    assert model.metadata.parameters == 661_505
    assert model.network.settings == Astromer(**NAMED["astromer1"]).settings
    with np.load(realdata / "astromer_v1" / "parity.npz") as file:
        case = dict(file)
    with torch.inference_mode():
        embedding = model.network(*inputs(case)).numpy()
        reconstruction = model.network.reconstruct(*inputs(case)).numpy()
    assert np.abs(embedding - case["embedding"]).max() < 2e-3
    assert np.abs(reconstruction - case["reconstruction"][..., 0]).max() < 1e-3


@pytest.fixture(scope="module")
def random_2(realdata):
    with np.load(realdata / "astromer_v2" / "parity_random_weights.npz") as file:
        return dict(file)


@pytest.mark.realdata
def test_parity_of_astromer_2_by_its_keras_names(random_2, tmp_path):
    arrays = {
        name.split("::")[1].removesuffix(":0"): array
        for name, array in random_2.items()
        if name.startswith("w::")
    }
    assert len(arrays) == 126
    model = download.write(formats.keras(tmp_path / "weights.h5", arrays), tmp_path / "out")
    assert model.metadata.parameters == 3_953_409
    assert model.network.settings == Astromer(**NAMED["astromer2_released"]).settings
    valid = inputs(random_2)[3]
    with torch.inference_mode():
        reconstruction = model.network.reconstruct(*inputs(random_2))
        layers = model.network.layers(*inputs(random_2))
    expected = torch.from_numpy(random_2["reconstruction"][..., 0])
    assert (reconstruction - expected)[valid].abs().max() < 1e-3
    for i, layer in enumerate(layers[1:]):
        block = torch.from_numpy(random_2[f"block_{i}"])
        assert (layer[:2] - block)[valid[:2]].abs().max() < 2e-3


@pytest.mark.realdata
def test_a_checkpoint_is_read_to_the_last_number(realdata):
    with zipfile.ZipFile(realdata / "astromer_v1" / "macho_a0.zip") as file:
        index = file.read("macho/weights.index")
        shard = file.read("macho/weights.data-00000-of-00001")
    arrays = tensorflow.read(index, {0: shard}, "weights.index")
    assert len(arrays) == 38
    assert sum(array.size for array in arrays.values()) == 661_505

"""The files of a download: a zip as it came, a folder, or a single file."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from nightjar.errors import InputError

LARGEST = 2**31  # bytes; the published weights have 16 MB at most


def read(path: str | Path, endings: tuple[str, ...]) -> dict[str, bytes]:
    """Content of every file whose name has one of ``endings`` in it, by its name inside ``path``.

    Raises
    ------
    InputError
        There is no such path, or it is no zip, damaged, encrypted, or larger than weights can be.
    """
    path = Path(path)
    if path.is_dir():
        found = sorted(each for each in path.rglob("*") if each.is_file())
        wanted = {each.relative_to(path).as_posix(): each for each in found}
        sizes = {name: each.stat().st_size for name, each in wanted.items()}
        chosen = _chosen(sizes, endings, path)
        return {name: wanted[name].read_bytes() for name in chosen}
    if not path.is_file():
        raise InputError(
            f"{path}: no such file or folder; give the zip as downloaded, or its folder"
        )
    if _chosen({path.name: path.stat().st_size}, endings, path):
        return {path.name: path.read_bytes()}
    return _unzipped(path, endings)


def _unzipped(path: Path, endings: tuple[str, ...]) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as file:
            sizes = {info.filename: info.file_size for info in file.infolist()}
            return {name: file.read(name) for name in _chosen(sizes, endings, path)}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(
            f"{path}: no zip, or a damaged or encrypted one ({error}); a download that failed is "
            "often a web page: fetch it again"
        ) from None


def _chosen(sizes: dict[str, int], endings: tuple[str, ...], path: Path) -> list[str]:
    chosen = [
        name
        for name in sizes
        if any(ending in Path(name).name for ending in endings) and "__MACOSX" not in name
    ]
    for name in chosen:
        if sizes[name] > LARGEST:
            raise InputError(f"{path}: {name} has {sizes[name]} bytes: no weights are that large")
    return chosen

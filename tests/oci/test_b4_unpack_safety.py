"""Row B4: no layer, however it is made, touches anything outside its directory."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

import jupyter_modelpack
from jupyter_modelpack.errors import Aborted, InvalidInput, StoreError
from jupyter_modelpack.oci.descriptor import LAYER, LAYER_GZIP, LAYER_ZSTD
from jupyter_modelpack.oci.unpack import UnpackLimits, unpack_layer

PROGRAM = Path(__file__).with_name("hostile_layers.py")
PACKAGE = Path(jupyter_modelpack.__file__).parents[1]


def test_b4_hostile_layers_on_every_python(tmp_path: Path, pythons: dict[str, Path]) -> None:
    if not pythons:
        pytest.skip("no other interpreters were found under PYENV_ROOT")
    running = {
        version: subprocess.Popen(
            [python, "-B", PROGRAM, tmp_path / version],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE)},
            stdout=subprocess.PIPE,
        )
        for version, python in pythons.items()
    }
    for version, process in running.items():
        output, _ = process.communicate(timeout=120)
        result = json.loads(output)
        print(
            f"B4: Python {version}: {result['tried']} archives, {result['refused']} refused, "
            f"{len(result['broken'])} writes outside, slowest {result['slowest'][0]:.1f} s"
        )
        assert result["broken"] == []
        assert result["tried"] >= 300
        assert result["slowest"][0] < 10


def archive(*members: tuple[str, bytes, str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, kind, target, data in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size, info.mtime = kind, target, len(data), 1_000_000
            made.addfile(info, io.BytesIO(data))
    return out.getvalue()


def unpack(data: bytes, into: Path) -> None:
    unpack_layer(io.BytesIO(data), LAYER, into)


def test_layers_replace_and_white_out_what_was_below(tmp_path: Path) -> None:
    file, link, folder, hard = (tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.LNKTYPE)
    unpack(
        archive(
            ("./", folder, "", b""),
            ("./a/one", file, "", b"1"),
            ("a/two", file, "", b"2"),
            ("b/deep/er/three", file, "", b"3"),
            ("c", link, "a/one", b""),
            ("d/four", file, "", b"4"),
            ("old-style/", file, "", b""),
        ),
        tmp_path,
    )
    unpack(
        archive(
            ("a/new", file, "", b"n"),
            ("a/.wh..wh..opq", file, "", b""),  # also when it comes after what stays
            (".wh.b", file, "", b""),
            ("b/stays", file, "", b"s"),
            ("c", file, "", b"c"),
            ("d/.wh.four", file, "", b""),
            ("d/five", hard, "a/new", b""),
            (".wh..wh.plnk", folder, "", b""),
        ),
        tmp_path,
    )
    found = {str(p.relative_to(tmp_path)): p for p in tmp_path.rglob("*")}
    assert sorted(found) == ["a", "a/new", "b", "b/stays", "c", "d", "d/five", "old-style"]
    assert found["c"].read_bytes() == b"c"
    assert found["a/new"].samefile(found["d/five"])
    assert found["a/new"].stat().st_mtime == 1_000_000


@pytest.mark.parametrize("media_type", [LAYER_GZIP, LAYER_ZSTD])
@pytest.mark.parametrize("data", [b"\x1f", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"no" * 99])
def test_damaged_compression_is_one_clear_error(
    tmp_path: Path, media_type: str, data: bytes
) -> None:
    with pytest.raises(StoreError):
        unpack_layer(io.BytesIO(data), media_type, tmp_path)


def test_a_zstd_bomb_stops_at_the_ratio(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    press = zstandard.ZstdCompressor(level=19).compressobj()
    data = b"".join(press.compress(bytes(1 << 20)) for _ in range(200)) + press.flush()
    with pytest.raises(StoreError, match="times its size"):
        unpack_layer(io.BytesIO(data), LAYER_ZSTD, tmp_path, UnpackLimits())


def test_other_media_types_are_refused_and_aborting_works(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not a layer"):
        unpack_layer(io.BytesIO(b""), "text/plain", tmp_path)
    with pytest.raises(Aborted):
        unpack_layer(io.BytesIO(b"\0" * 99), LAYER, tmp_path, cancelled=lambda: True)

"""Row B2: the same input gives the same digests, whoever builds it, when, where and with what."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jupyter_modelpack

PROGRAM = Path(__file__).with_name("build_projects.py")
PACKAGE = Path(jupyter_modelpack.__file__).parents[1]
GOLDEN = {
    "small": "sha256:103e90d4b07df4f40ccbe5ed27a7d866ec57e3bf25c2aa9e919b5cb2787fe067",
    "names": "sha256:258da90ad9a9c5b77eef58bbf9d9fa5414e98b43791bde3f45bf6da07f4e0557",
    "large": "sha256:c48af9287ecfe1d4f10fcb93f739500c701cd95fdd5a41d78446d017a069814e",
}


def built(
    python: Path | str,
    root: Path,
    compression: str = "none",
    order: int = 0,
    umask: int = 0o022,
    **environ: str,
) -> dict[str, list[str]]:
    done = subprocess.run(
        [str(python), "-B", str(PROGRAM), str(root), compression, str(order)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE), **environ},
        capture_output=True,
        text=True,
        check=True,
        umask=umask,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_b2_one_digest_for_ten_ways_to_build(tmp_path: Path, pythons: dict[str, Path]) -> None:
    here = sys.executable
    builds = [
        built(here, tmp_path / "a"),
        built(here, tmp_path / "a/deeper/checkout with a space"),
        built(here, tmp_path / "order", order=7),
        built(here, tmp_path / "zone", TZ="Pacific/Kiritimati"),
        built(here, tmp_path / "locale", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
        built(here, tmp_path / "locale2", LC_ALL="tr_TR.UTF-8"),
        built(here, tmp_path / "umask", umask=0o077),
        built(here, tmp_path / "hash", PYTHONHASHSEED="4"),
        built(here, tmp_path / "clock", SOURCE_DATE_EPOCH="4000000000"),
    ]
    builds += [built(path, tmp_path / version) for version, path in pythons.items()]
    assert {json.dumps(each, sort_keys=True) for each in builds} == {
        json.dumps(builds[0], sort_keys=True)
    }
    assert {name: found[0] for name, found in builds[0].items()} == GOLDEN
    print(
        f"B2: {len(builds)} builds (order, zone, locale, umask, hash seed, place, clock, Python "
        f"{', '.join(pythons)}), 1 set of digests"
    )


def test_b2_another_compressor_gives_the_same_diff_ids(
    tmp_path: Path, pythons: dict[str, Path]
) -> None:
    plain = built(sys.executable, tmp_path / "plain")
    builds = {"this": built(sys.executable, tmp_path / "this", "gzip")}
    for version, path in pythons.items():  # without isal: the zlib that this Python came with
        builds[version] = built(path, tmp_path / f"gzip-{version}", "gzip")
    again = built(sys.executable, tmp_path / "again", "gzip", order=3)
    assert again == builds["this"]
    for found in builds.values():
        assert {n: v[1:] for n, v in found.items()} == {n: v[1:] for n, v in plain.items()}
    print(f"B2: gzip by {len(builds)} Pythons, 1 set of diff_ids")

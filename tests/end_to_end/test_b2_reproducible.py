"""Row B2: the same project gives the same image, whoever packages it, where, when and with what."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.product import ROOT, document

# Started this way, any Python that has no packages of its own uses those of this one.
START = """
import sys
sys.path[:0] = sys.argv[1].split(":")
from jupyter_modelpack.cli.main import main
sys.exit(main(sys.argv[2:]))
"""
LONGEST = 300
DATA = "city,rate\nköln,2\nulm,3\n"
FILES = {
    "rates.csv": DATA,
    "model/__init__.py": "from model.rates import mean\n",
    "model/rates.py": "import statistics\n\n\ndef mean(rows):\n    return statistics.mean(rows)\n",
    "model/names.json": '{"köln": 1}\n',
    "plain.py": "SEED = 7\n",
}
CELLS = (
    "import csv\nimport plain\nfrom model import mean",
    "rows = list(csv.DictReader(open('rates.csv', encoding='utf-8')))",
    "print(mean([int(row['rate']) for row in rows]), plain.SEED)",
)


@dataclass(frozen=True)
class Way:
    """One way to package the project: what differs from the others."""

    name: str
    python: str = sys.executable
    before: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022
    order: int = 1
    clock: int | None = None
    folder: str = ""
    missing: str = ""


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def other_pythons() -> list[tuple[str, str]]:
    """Return the interpreters of other versions that pyenv has, and their versions."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = {}
    for path in sorted((root / "versions").glob("3.*/bin/python3")):
        minor = ".".join(path.parents[1].name.split(".")[:2])
        if int(minor.split(".")[1]) >= 10 and minor != f"3.{sys.version_info[1]}":
            found[minor] = str(path)
    return sorted(found.items())


def ways() -> list[Way]:
    """Return the ways that this machine offers; those that it does not say why."""
    names = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")
    user = ("unshare", "--user", "--map-user=4711", "--map-group=4711")
    found = [
        Way("as it is"),
        Way("directory order and another place", order=-1, folder="a longer/place with ö"),
        Way("time zone and clock", env={"TZ": "Pacific/Kiritimati"}, clock=2_200_000_000),
        Way(
            "locale and hash seed",
            env={
                "LC_ALL": "C",
                "PYTHONUTF8": "0",
                "PYTHONCOERCECLOCALE": "0",
                "PYTHONHASHSEED": "4",
            },
        ),
        Way(
            "umask and another locale",
            env={"LC_ALL": "tr_TR.UTF-8", "SOURCE_DATE_EPOCH": "1"},
            umask=0o077,
        ),
        Way("host name", before=names, missing="" if works(*names[:5], "sh", "true") else names[0]),
        Way("user", before=user, missing="" if works(*user, "true") else user[0]),
    ]
    for version, python in other_pythons():
        usable = works(python, "-c", START, _paths(), "list", "--help")
        missing = "" if usable else "it cannot use the packages of this Python"
        found.append(Way(f"Python {version}", python=python, missing=missing))
    return found


def _paths() -> str:
    return f"{ROOT}:{Path(pytest.__file__).parents[1]}"


def made(way: Way, home: Path, kernels: Path) -> Mapping[str, Any]:
    """Write the project as the way says, package it with nothing cached, and return the record."""
    folder = home / "project" / way.folder
    folder.mkdir(parents=True)
    (folder / "model").mkdir()
    texts = {**FILES, "study.ipynb": json.dumps(document(*CELLS, kernel="study"))}
    for name in sorted(texts)[:: way.order]:
        (folder / name).write_text(texts[name], encoding="utf-8")
        (folder / name).chmod(0o666 & ~way.umask)
        if way.clock:
            os.utime(folder / name, (way.clock, way.clock))
    words = ["package", str(folder / "study.ipynb"), "--no-verify", "--json"]
    command = [*way.before, way.python, "-B", "-c", START, _paths(), *words]
    done = subprocess.run(
        [*command, "--data-dir", str(home / "data")],
        cwd=home,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "JUPYTER_PATH": str(kernels),
            **way.env,
        },
        umask=way.umask,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=LONGEST,
    )
    assert done.returncode == 0, f"{way.name}: {done.stderr}"
    shutil.rmtree(home / "data")
    record: Mapping[str, Any] = json.loads(done.stdout)
    return record


def differences(records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """Name the layers in which a record differs from the first."""
    first = {layer["what"]: layer["digest"] for layer in records[0]["layers"]}
    return [
        f"{name}: {layer['what']}"
        for name, record in zip(names, records, strict=True)
        for layer in record["layers"]
        if first.get(layer["what"]) != layer["digest"]
    ]


def test_b2_one_project_packaged_in_ten_ways_is_one_image(tmp_path: Path) -> None:
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Study",
        "language": "python",
    }
    place = tmp_path / "jupyter" / "kernels" / "study"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(spec))
    offered = ways()
    possible = [way for way in offered if not way.missing]
    for way in offered:
        if way.missing:
            print(f"B2: skipped {way.name}: {way.missing}")
    with ThreadPoolExecutor(2) as pool:
        records = list(
            pool.map(
                lambda item: made(item[1], tmp_path / f"way-{item[0]}", tmp_path / "jupyter"),
                enumerate(possible),
            )
        )
    names = [way.name for way in possible]
    print(f"B2: {len(records)} packages ({'; '.join(names)}): {records[0]['digest'][:19]}")
    assert differences(records, names) == []
    for key in ("digest", "image_id", "lock_digest", "version", "size"):
        assert len({record[key] for record in records}) == 1, key
    paths = [file["path"] for file in records[0]["files"]]
    assert sorted(paths) == sorted(FILES)

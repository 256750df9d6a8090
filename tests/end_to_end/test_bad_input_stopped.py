"""Stopped, killed, or out of space: what was there before stays, and another try gives the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import pytest

from tests.product import ROOT, Answer, Product
from tests.watched import Within, eventually, is_one_sentence, last_line, processes_with, stopped

Notebook = Callable[..., Path]
# the lines that are printed just before the step that is to be stopped begins
BEFORE_IMAGE = "Find what it uses: Python"
BEFORE_VERIFY = "Make the image"
MARK = "MODELPACK_TEST_MARK"


@pytest.fixture(scope="module")
def sturdy(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """A data directory of its own with one package in it, which nothing here may harm."""
    home = tmp_path_factory.mktemp("sturdy")
    made = Within(home / "data", home)
    (home / "before.ipynb").write_text(
        json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    answer = made("package", str(home / "before.ipynb"), "--json")
    assert answer.code == 0, answer.err
    return made


def whole(product: Product) -> None:
    """Assert that the store is whole, and that the package of before is there and runs."""
    assert product("store", "verify", "--json").json == {"problems": []}
    listed = product("list", "before", "--json")
    assert [p["version"] for p in listed.json["packages"]] == ["1.0.0"]


def cleared(product: Product) -> list[str]:
    """Collect garbage and return what is left over from commands that did not end."""
    assert product("store", "gc", "--older-than", "0").code == 0
    cache = product.data_dir / "cache"
    places = [cache / "verify", product.data_dir / "store" / "ingest"]
    left = [path for place in places if place.exists() for path in place.iterdir()]
    left += cache.glob("rootfs/*/tmp-*")
    left += cache.glob("rootfs/*/making/*")
    return sorted(str(path.relative_to(product.data_dir)) for path in left)


def test_stopped_while_the_image_is_made(
    sturdy: Product, product: Product, notebook: Notebook
) -> None:
    path = notebook("x = 1", name="image.ipynb")
    words = ("package", str(path), "--compression", "gzip", "--no-verify")
    reference = product(*words, "--json")
    assert reference.code == 0, reference.err
    hit = 0
    tries = [(SIGKILL, 0.0), (SIGKILL, 0.1), (SIGKILL, 0.25), (SIGINT, 0.05), (SIGTERM, 0.05)]
    for signal, delay in tries:
        answer = stopped(
            words, sturdy.data_dir, after=BEFORE_IMAGE, delay=delay, with_signal=signal
        )
        in_image = answer.code != 0 and f"✓ {BEFORE_VERIFY}" not in answer.err
        hit += in_image
        if in_image and signal == SIGKILL:
            assert answer.code == -SIGKILL
        elif in_image:
            assert answer.code == 1
            assert last_line(answer).endswith("changed.") and is_one_sentence(answer), answer.err
    whole(sturdy)
    assert cleared(sturdy) == []
    again = sturdy(*words, "--json")
    assert again.code == 0, again.err
    assert again.json["digest"] == reference.json["digest"]
    whole(sturdy)
    print(f"bad input: stopped {len(tries)} times, {hit} of them in the image step; same digest")
    assert hit


def test_stopped_while_the_image_is_verified(sturdy: Product, notebook: Notebook) -> None:
    path = notebook("import time", "time.sleep(2)", name="verify.ipynb")
    mark = f"{os.getpid()}-{time.time_ns()}"
    words = ("package", str(path), "--setting", f"{MARK}={mark}")
    for signal, delay in [(SIGKILL, 0.3), (SIGKILL, 1.0), (SIGINT, 0.8), (SIGTERM, 0.8)]:
        answer = stopped(
            words, sturdy.data_dir, after=BEFORE_VERIFY, delay=delay, with_signal=signal
        )
        assert answer.code == (-SIGKILL if signal == SIGKILL else 1), answer.err
        if signal != SIGKILL:
            assert last_line(answer).endswith("changed.") and is_one_sentence(answer), answer.err
        assert eventually(lambda: not processes_with(f"{MARK}={mark}")), "the notebook runs on"
    assert sturdy("list", "verify", "--json").json == {"packages": []}
    assert cleared(sturdy) == []
    first = sturdy("package", str(path), "--no-verify", "--json").json["digest"]
    again = sturdy("package", str(path), "--json")
    assert again.code == 0, again.err
    assert again.json["digest"] == first
    assert again.json["verified"]["phase"] == "Succeeded"
    whole(sturdy)


def test_stopped_while_a_package_runs(sturdy: Product, notebook: Notebook, tmp_path: Path) -> None:
    path = notebook("import time\nprint('begun', flush=True)\ntime.sleep(9)", name="long.ipynb")
    assert sturdy("package", str(path), "--no-verify").code == 0
    mark = f"{os.getpid()}-{time.time_ns()}"
    words = ["-m", "jupyter_modelpack", "run", "long", "--setting", f"{MARK}={mark}"]
    words += ["--output", str(tmp_path / "out"), "--data-dir", str(sturdy.data_dir)]
    for signal, code in [(SIGTERM, 1), (SIGINT, 1), (SIGKILL, -SIGKILL)]:
        answer = stopped_run(words, signal)
        assert answer.code == code, answer.err + answer.out
        assert eventually(lambda: not processes_with(f"{MARK}={mark}")), "the notebook runs on"
    whole(sturdy)
    assert cleared(sturdy) == []


def stopped_run(words: list[str], signal: int) -> Answer:
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, stdout=-1, stderr=-1, text=True, bufsize=1
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "begun" in line:
            break
    process.send_signal(signal)
    out, err = process.communicate(timeout=60)
    return Answer(process.returncode, out, err)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 300 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    with tempfile.TemporaryDirectory(prefix="modelpack-small-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=300m", "modelpack-test", folder]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_fills(small_disk: Path, notebook: Notebook) -> None:
    product = Within(small_disk / "data", small_disk)
    before = notebook("x = 1", name="before.ipynb")
    assert product("package", str(before)).code == 0
    filler = small_disk / "filler"
    steps = set()
    for left in (0, 40_000, 120_000, 220_000):
        path = notebook(f"x = {left}", name="filling.ipynb")
        with filler.open("wb") as file:
            facts = os.statvfs(small_disk)
            room = facts.f_bavail * facts.f_frsize - left
            os.posix_fallocate(file.fileno(), 0, max(room, 1))
        answer = product("package", str(path))
        steps.add(len(answer.err.splitlines()))
        assert answer.code == 3, answer.err
        assert is_one_sentence(answer), answer.err
        assert "full" in last_line(answer) or "has room" in last_line(answer)
        filler.unlink()
        whole(product)
    assert product("list", "filling", "--json").json == {"packages": []}
    assert product("package", str(path)).code == 0
    print(f"bad input: a disk full at {len(steps)} different places, nothing lost")


def test_a_disk_that_is_too_small_from_the_start(small_disk: Path, notebook: Notebook) -> None:
    product = Within(small_disk / "data", small_disk)
    (small_disk / "filler").write_bytes(b"\0" * (220 << 20))
    answer = product("package", str(notebook("x = 1")))
    assert answer.code == 3
    assert is_one_sentence(answer), answer.err
    assert "is full" in last_line(answer)
    (small_disk / "filler").unlink()
    assert product("store", "verify", "--json").json == {"problems": []}
    assert product("package", str(notebook("x = 1"))).code == 0

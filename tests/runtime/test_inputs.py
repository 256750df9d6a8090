"""A run says by digest which data it read beside its image, or why it cannot."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.runtime import inputs
from tests.adapters.notebook_image import cell
from tests.runtime.notebook_runs import Runtime

CONTENT = b"a,b\n1,2\n" * 1000
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


def test_external_inputs_and_what_was_opened_below_a_mount(
    runtime: Runtime, tmp_path: Path
) -> None:
    mount, work = tmp_path / "lake", tmp_path / "work"
    (mount / "deep").mkdir(parents=True)
    work.mkdir()
    (work / "big.csv").write_bytes(CONTENT)
    (mount / "deep" / "clicks.csv").write_bytes(CONTENT)
    (mount / "unread.csv").write_bytes(b"x")
    lake = repr(str(mount))
    runtime.package(
        [
            cell("rows = open('big.csv').read()"),
            cell(f"import os\nopen(os.path.join({lake}, 'deep', 'clicks.csv'), 'rb').read()"),
            cell(f"out = os.path.join({lake}, 'made.txt')\nopen(out, 'w').write('x')\nopen(out)"),
            cell("open('big.csv', 'a').write('the run itself changes it')"),
            cell("import csv\nopen(csv.__file__).read()"),
        ],
        inputs=[{"path": "big.csv"}],
    )
    env = {"MODELPACK_MOUNTS": json.dumps([str(mount)])}
    run = runtime.run(work, env=env)
    assert run.code == 0, run.log
    clicks = str(mount / "deep" / "clicks.csv")
    assert run.result["inputs"] == [
        {"path": path, "size": len(CONTENT), "digest": DIGEST, "note": ""}
        for path in ("big.csv", clicks)
    ]


def test_what_is_too_large_is_named_with_the_limit_and_the_setting(
    runtime: Runtime, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "big.csv").write_bytes(CONTENT)
    runtime.package([cell("x = 1")], inputs=[{"path": "big.csv"}])
    run = runtime.run(work, env={"MODELPACK_INPUT_BYTES": "100"})
    assert run.code == 0, run.log
    (found,) = run.result["inputs"]
    print(found["note"])
    assert found["digest"] is None and found["size"] == len(CONTENT)
    assert "big.csv has" in found["note"] and "MODELPACK_INPUT_BYTES" in found["note"]


def test_odd_places_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "here").write_bytes(b"x")
    found: list[dict[str, Any]] = inputs.input_facts(tmp_path, ["gone", "folder", "here", "./here"])
    assert [each["path"] for each in found] == ["folder", "gone", "here"]
    assert "is a folder" in found[0]["note"] and "could not be read" in found[1]["note"]
    assert found[2]["digest"] == f"sha256:{hashlib.sha256(b'x').hexdigest()}"
    for text, mounts in (("", ()), ("{", ()), ('{"a": 1}', ()), ('["/a"]', ("/a",))):
        monkeypatch.setenv("MODELPACK_MOUNTS", text)
        assert inputs.mounted() == mounts
    for text, most in (("7", 7), ("lots", inputs.MOST_BYTES), ("0", 0)):
        monkeypatch.setenv("MODELPACK_INPUT_BYTES", text)
        assert inputs.limit() == most


def test_many_files_are_counted(tmp_path: Path) -> None:
    for number in range(203):
        (tmp_path / f"{number:03}").write_bytes(b"x")
    found = inputs.input_facts(tmp_path, [f"{number:03}" for number in range(203)])
    assert len(found) == 201 and found[-1]["note"].startswith("3 more files")

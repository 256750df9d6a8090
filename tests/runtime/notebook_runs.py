"""Runs of the runtime as it stands in an image, by any Python, without a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_modelpack.runtime.contents import image_files
from tests.adapters.notebook_image import notebook


@dataclass(frozen=True)
class Run:
    """What one run gave."""

    code: int
    log: str
    work: Path

    @property
    def result(self) -> dict[str, Any]:
        return self._read("result.json")

    @property
    def cells(self) -> list[dict[str, Any]]:
        return list(self._read("executed.ipynb")["cells"])

    @property
    def events(self) -> list[dict[str, Any]]:
        text = (self.work / ".modelpack" / "events.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def text(self, cell: int, name: str = "stdout") -> str:
        outputs = self.cells[cell - 1]["outputs"]
        return "".join(o["text"] for o in outputs if o.get("name") == name)

    def _read(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.work / ".modelpack" / name).read_text(encoding="utf-8")))


class Runtime:
    """An image's folders in a directory, without the interpreter."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for path, content in image_files().items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def package(
        self,
        cells: Sequence[Mapping[str, Any]],
        *,
        files: Mapping[str, bytes] | None = None,
        **manifest: Any,
    ) -> None:
        """Put a notebook and what is beside it where the runtime looks."""
        described = {"schema": 1, "name": "test", "notebook": "test.ipynb", **manifest}
        content = {"test.ipynb": json.dumps(notebook(cells)).encode(), **(files or {})}
        (self.root / "app/files").mkdir(parents=True, exist_ok=True)
        (self.root / "app/modelpack.json").write_text(json.dumps(described))
        for path, data in content.items():
            target = self.root / "app/files" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            os.utime(target, (315532800, 315532800))

    def command(self, *words: str, python: str = sys.executable) -> list[str]:
        return [python, "-B", str(self.root / "opt/modelpack"), *words]

    def run(
        self,
        work: Path,
        *words: str,
        python: str = sys.executable,
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """Run the notebook in the directory ``work``, which is made."""
        work.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            self.command("run", *words, python=python),
            cwd=work,
            env=environment(work, env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        return Run(done.returncode, done.stdout.decode("utf-8", "replace"), work)


def environment(work: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the variables of an image, and those given; temporary files go with the test's."""
    temporary = work.with_name(f"{work.name}-tmp")
    temporary.mkdir(exist_ok=True)
    image = {"HOME": str(work), "PATH": os.defpath, "LANG": "C.UTF-8", "TMPDIR": str(temporary)}
    return {**image, **(more or {})}

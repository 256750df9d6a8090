"""The product as a user has it: the command line, a data directory, and copies of the examples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
EXAMPLES = {
    "churn": "churn.ipynb",
    "prices": "houses/prices.ipynb",
    "boosting": "boosting.ipynb",
    "plots": "plots.ipynb",
    "sales-report": "sales-report.ipynb",
    "pipeline": "pipeline.ipynb",
}


@dataclass(frozen=True)
class Answer:
    """What one command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Mapping[str, Any]:
        return json.loads(self.err)["error"]


class Product:
    """``jupyter modelpack`` in one data directory."""

    def __init__(self, data_dir: Path, examples: Path) -> None:
        self.data_dir = data_dir
        self.examples = examples
        self._made: dict[str, Mapping[str, Any]] = {}

    def __call__(self, *words: str, env: Mapping[str, str] | None = None) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "jupyter_modelpack", *words, "--data-dir", str(self.data_dir)],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def made(self, name: str) -> Mapping[str, Any]:
        """Return the record of an example, which is packaged when it is first asked for."""
        if name not in self._made:
            answer = self("package", str(self.examples / EXAMPLES[name]), "--json")
            assert answer.code == 0, answer.err + answer.out
            self._made[name] = answer.json
        return self._made[name]


def document(*cells: Any, kernel: str | None = "python3") -> dict[str, Any]:
    made = []
    for number, cell in enumerate(cells, 1):
        tags, source = cell if isinstance(cell, tuple) else ((), cell)
        made.append(
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {"tags": list(tags)} if tags else {},
                "execution_count": number,
                "outputs": [],
                "source": source,
            }
        )
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    metadata = {"kernelspec": spec} if kernel else {}
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}

"""The probe: where its program is, and how its answer is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_modelpack.errors import BackendError

PROGRAM = Path(__file__).with_name("probe_program.py")
MARK = "modelpack-probe:"


def read_answer(output: str) -> Mapping[str, Any]:
    """Return the JSON object that the program printed; start-up noise around it is skipped."""
    for line in reversed(output.splitlines()):
        if line.startswith(MARK):
            try:
                answer = json.loads(line[len(MARK) :])
            except ValueError:
                break
            if isinstance(answer, dict):
                return answer
    raise BackendError(
        "The kernel's Python did not say what it is.",
        advice="Start the kernel once in JupyterLab to see whether it works.",
    )

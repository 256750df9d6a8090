"""Runs an image of the store on this machine, kept from the rest of it as far as possible."""

from __future__ import annotations

from jupyter_modelpack.adapters.sandbox.isolation import best_isolation
from jupyter_modelpack.adapters.sandbox.request import Isolation, RunRequest, RunResult
from jupyter_modelpack.adapters.sandbox.runner import run_image

__all__ = ["Isolation", "RunRequest", "RunResult", "best_isolation", "run_image"]

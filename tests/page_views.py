"""The pages over a world of tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.ledger.overview import Overview
from jupyter_modelpack.adapters.notebook_html import render_notebook
from jupyter_modelpack.adapters.proof_files import ProofFiles
from jupyter_modelpack.release_wiring import now
from jupyter_modelpack.services.pages import Pages
from jupyter_modelpack.services.proofs import Proofs


class NoRuns:
    def list(self, name: str, version: str) -> tuple[Any, ...]:
        return ()


def pages_of(world: Any, data_dir: Path) -> Pages:
    """Return the pages of a world, with the proofs in a data directory."""
    overview = Overview(world.ledger.database)
    proofs = Proofs(ProofFiles(data_dir / "proofs"), NoRuns(), render_notebook)
    return Pages(world.releases, overview, proofs, now, overview.version)

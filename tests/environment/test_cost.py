"""What the environment step costs: the probe, the selection and all trees, cold and again."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.host_files import HostFiles
from jupyter_modelpack.adapters.kernel_probe import probe_kernel
from jupyter_modelpack.environment.capture import (
    capture_distributions,
    distribution_trees,
    interpreter_tree,
)
from jupyter_modelpack.environment.closure import select
from jupyter_modelpack.environment.local import Wanted
from jupyter_modelpack.environment.lock import Lock

COLD, AGAIN = 1.2, 0.35


def test_pandas_and_scikit_learn_are_found_quickly(tmp_path: Path, kernel_of: Any) -> None:
    for module in ("pandas", "sklearn", "IPython"):
        pytest.importorskip(module)
    host, kernel = HostFiles(), kernel_of(Path(sys.executable))

    def once() -> tuple[float, int]:
        start = time.perf_counter()
        facts = probe_kernel(kernel, cache_dir=tmp_path)
        wanted = [Wanted("pandas"), Wanted("sklearn.ensemble")]
        selection = select(wanted, facts, host, sources=["pd.read_csv('x.csv')"])
        captured = capture_distributions(selection, facts, host)
        trees = [interpreter_tree(facts, host), *distribution_trees(captured)]
        assert Lock.of(facts, captured).digest
        return time.perf_counter() - start, sum(len(tree.entries) for tree in trees)

    cold, files = once()
    if not list(tmp_path.glob("*.json")):
        pytest.skip("this environment changed a moment ago, so nothing is remembered yet")
    again = min(once()[0] for _ in range(5))
    print(f"{files} files: {cold:.3f} s cold (bar {COLD}), {again:.3f} s again (bar {AGAIN})")
    assert again < AGAIN
    assert cold < 3 * COLD, "three times the bar, for a machine that is busy with other things"

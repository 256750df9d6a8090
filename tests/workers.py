"""How the tests are shared out where several processes run them at once (``pytest -n 2``).

A file's tests stay together and in their order, as its fixtures are made once. So do those of a
whole folder where they share more: a browser and a JupyterLab, the packaged examples, a Hub or a
cluster; of these no two run at the same time. They take longest, and begin first.
"""

from __future__ import annotations

from typing import Any

import pytest

TOGETHER = ("ui-tests/", "tests/end_to_end/", "tests/service/", "tests/kubernetes/")


def share(nodeid: str) -> str:
    """Return what a test stays together with: its folder or its file."""
    return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.split("::")[0])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the longest shares begin first, in every process in the same order."""
    if hasattr(config, "workerinput"):
        order = {folder: number for number, folder in enumerate(TOGETHER)}
        items.sort(key=lambda item: order.get(share(item.nodeid), len(order)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share out by folder and by file."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class Shares(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return share(nodeid)

    config.option.loadscopereorder = False
    return Shares(config, log)

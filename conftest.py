"""Fixtures that several parts' tests share."""

from __future__ import annotations

import pytest

pytest_plugins = [
    "tests.judges",
    "tests.databases",
    "tests.hub",
    "tests.workers",
    "pytest_jupyter.jupyter_server",
]


# pytest-jupyter makes an event loop and closes servers around every test. Only the handlers' tests
# want that (they take both back); beside Playwright's own loop it would fail.
@pytest.fixture
def jp_asyncio_loop() -> None:
    """Make no event loop."""


@pytest.fixture
def jp_server_cleanup() -> None:
    """Close no server."""

"""Fixtures that several parts' tests share."""

pytest_plugins = ["tests.judges", "pytest_jupyter.jupyter_server"]

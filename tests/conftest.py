"""Fixtures that several parts' tests share."""

pytest_plugins = ["tests.judges"]

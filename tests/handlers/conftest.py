"""A Jupyter server with the extension, a data directory of its own and a workshop for tests."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_core import jp_asyncio_loop
from pytest_jupyter.jupyter_server import jp_server_cleanup
from tornado.httpclient import HTTPClientError, HTTPResponse
from traitlets.config import Config

__all__ = ["jp_asyncio_loop", "jp_server_cleanup"]

ROOT = Path(__file__).parents[2]


def notebook(cells: int = 1, **fake: Any) -> dict[str, Any]:
    code = {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": "x = 1",
    }
    return {
        "cells": [{**code, "id": f"cell-{number}"} for number in range(cells)],
        "metadata": {"fake": fake},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any


class Client:
    """Talks to our routes; every status is an answer."""

    def __init__(self, fetch: Callable[..., Awaitable[HTTPResponse]]) -> None:
        self._fetch = fetch

    async def __call__(
        self, method: str, *parts: str, body: Any = None, params: Any = None, **options: Any
    ) -> Answer:
        options.setdefault("allow_nonstandard_methods", True)
        options.setdefault("follow_redirects", False)
        if body is not None:
            options["body"] = body if isinstance(body, bytes) else json.dumps(body)
        try:
            response = await self._fetch(
                "jupyter-modelpack", *parts, method=method, params=params or {}, **options
            )
        except HTTPClientError as error:
            assert error.response is not None, error
            response = error.response
        text = response.body.decode("utf-8") if response.body else ""
        kind = response.headers.get("Content-Type", "")
        content = json.loads(text) if text and kind.startswith("application/json") else text
        return Answer(response.code, content, response.headers)

    async def ended(self, kind: str, ident: str, seconds: float = 120.0) -> dict[str, Any]:
        """Return a build or run when it is over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            answer = await self("GET", kind, ident)
            if answer.body["phase"] not in ("Pending", "Running"):
                return answer.body
            await asyncio.sleep(0.05)
        raise AssertionError(f"{kind} {ident} has not ended: {answer.body}")

    async def running(self, kind: str, ident: str, text: str) -> None:
        """Return when the log has ``text`` in it."""
        for _ in range(400):
            answer = await self("GET", kind, ident, "log")
            if text in answer.body["text"]:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{kind} {ident} has not logged {text!r}")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "modelpack"


@pytest.fixture
def extension_config() -> dict[str, Any]:
    return {}


@pytest.fixture
def jp_server_config(data_dir: Path, extension_config: dict[str, Any]) -> Config:
    return Config(
        {
            "ServerApp": {"jpserver_extensions": {"jupyter_modelpack": True}},
            "ModelPack": {
                "data_dir": str(data_dir),
                "workshop": "fake_workshop:open_workshop",
                **extension_config,
            },
        }
    )


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let worker processes import the package and the fake workshop."""
    paths = [str(ROOT), str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.fixture
def client(jp_fetch: Any) -> Client:
    return Client(jp_fetch)


@pytest.fixture
def write(jp_root_dir: Path) -> Callable[..., Path]:
    """Write a notebook below the server's root folder."""

    def write_notebook(path: str, **fake: Any) -> Path:
        place = jp_root_dir / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(notebook(**fake)), "utf-8")
        return place

    return write_notebook


@pytest.fixture
def calls(data_dir: Path) -> Callable[[str], list[str]]:
    """Return the notebooks that the workshop was called for."""

    def called(what: str) -> list[str]:
        place = data_dir / "calls.txt"
        lines = place.read_text().splitlines() if place.exists() else []
        return [line.split()[1] for line in lines if line.startswith(what)]

    return called

"""A release service with people at it, without a Hub; and packages made on their own machines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import read_image
from jupyter_modelpack.oci.layout import Layout
from tests.hub import Service, running_service

POLICY = """
version: 1
name: team
builders: [service]
environments:
  - {name: dev, ask: everyone, approvals: {needed: 0}, roll_back: {from: everyone}}
  - {name: staging, ask: everyone, approvals: {needed: 0}, roll_back: {from: everyone}}
  - name: production
    ask: everyone
    approvals: {needed: 1, from: {groups: [reviewers]}}
    roll_back: {from: {groups: [reviewers]}}
policy_changes:
  ask: everyone
  approvals: {needed: 1, from: {groups: [reviewers]}}
"""
SECONDS = 120.0


@contextmanager
def serving(
    data_dir: Path, *, policy: str = POLICY, settings: Mapping[str, Any] | None = None
) -> Iterator[Service]:
    """Run a release service whose tokens are names."""
    data_dir.mkdir(parents=True, exist_ok=True)
    if not (data_dir / "policy.yaml").exists():
        (data_dir / "policy.yaml").write_text(policy, "utf-8")
    traits = {
        "ReleaseService.port": 0,
        "ReleaseService.login": "plain_login:PlainLogin",
        **(settings or {}),
    }
    with running_service(data_dir, traits) as service:
        yield service


class Person:
    """Somebody with a token, or ``signed_in`` at the service itself."""

    def __init__(self, service: Service, name: str, *, signed_in: bool = False) -> None:
        self.name = name
        self.token = f"{name}!" if signed_in else name
        self._base = f"{service.url}jupyter-modelpack/"

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        head = {"Authorization": f"token {self.token}", **more.pop("headers", {})}
        return httpx.request(method, self._base + path, headers=head, timeout=SECONDS, **more)

    def upload(self, layout: Layout, digest: str) -> None:
        """Send every part of an image."""
        for part in parts(layout, digest):
            answer = self("PUT", f"blobs/{part.digest}", content=layout.read(part))
            assert answer.status_code == 201, answer.text

    def submit(self, record: Any) -> dict[str, Any]:
        """Submit a record and return the submission when it is over."""
        answer = self("POST", "submissions", json={"record": dict(record), "files": {}})
        assert answer.status_code == 202, answer.text
        assert answer.headers["Location"].endswith(f"submissions/{answer.json()['id']}")
        return self.ended(answer.json()["id"])

    def ended(self, ident: str) -> dict[str, Any]:
        """Return a submission when it is over."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found = self("GET", f"submissions/{ident}").json()
            if found["phase"] not in ("Pending", "Running"):
                return found
            time.sleep(0.05)
        raise AssertionError(f"not over: {found}")


def parts(layout: Layout, digest: str) -> list[Descriptor]:
    """Return manifest, configuration and layers of an image."""
    image = read_image(layout, Digest.parse(digest))
    return [image.manifest, image.config, *(each.descriptor for each in image.layers)]

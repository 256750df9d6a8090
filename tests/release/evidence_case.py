"""A small image in a layout with the record that packaging would make of it, and a key."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jupyter_modelpack.adapters.signing import Signer, TrustedKeys
from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import LOCK, NOTEBOOK, write_image
from jupyter_modelpack.oci.layer import write_layers
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import File, Tree
from jupyter_modelpack.release.attestation import Expected, Requirements
from jupyter_modelpack.release.provenance import NOTEBOOK_SERVER, Builder, Options, provenance
from jupyter_modelpack.services.evidence import attest
from jupyter_modelpack.services.record import (
    Parents,
    canonical,
    image_part,
    with_release,
    with_version,
)

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=timezone.utc)
BUILDER = Builder(NOTEBOOK_SERVER, "0.1.0")
SERVER = Requirements(frozenset({NOTEBOOK_SERVER}))
OPTIONS = Options("gzip", False, ("API_URL",), ("yaml",))
SEALED = Digest.of(b"sealed notebook")
SBOM = Digest.of(b"sbom")
LOCKED: dict[str, Any] = {
    "schema": 1,
    "python": "3.11.7",
    "implementation": "cpython",
    "platform": "linux-x86_64-glibc-2.36",
    "distributions": [
        {"name": "Zope.interface", "version": "7.2", "origin": "index", "digest": Digest.of(b"z")},
        {"name": "churnlib", "version": "0+dev!1", "origin": "editable", "digest": Digest.of(b"c")},
        {"name": "pandas", "version": "2.3.3", "origin": "index", "digest": Digest.of(b"p")},
    ],
}


def key(seed: int) -> Signer:
    """Return a signer that is the same for the same number."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def trusted(*signers: Signer) -> TrustedKeys:
    return TrustedKeys(each.public for each in signers)


@dataclass(frozen=True)
class Case:
    """An image, its record, and what is expected of evidence about it."""

    layout: Layout
    record: dict[str, Any]

    @property
    def image(self) -> Digest:
        return Digest.parse(self.record["digest"])

    @property
    def expected(self) -> Expected:
        return Expected(
            image=self.image,
            name="churn",
            notebook=Digest.parse(self.record["notebook_digest"]),
            sealed=SEALED,
            lock=Digest.parse(self.record["lock_digest"]),
            sbom=SBOM,
            release=Digest.parse(self.record["release"]),
        )

    def statement(self, change: Callable[[dict[str, Any]], object] | None = None) -> dict[str, Any]:
        """Return a good statement, after a change to it."""
        made = copy.deepcopy(provenance(self.record, OPTIONS, BUILDER, sealed=SEALED, sbom=SBOM))
        if change is not None:
            change(made)
        return made

    def attested(self, signer: Signer) -> dict[str, Any]:
        """Write evidence and return the record with it."""
        made = attest(self.record, OPTIONS, self.layout, signer, BUILDER)
        return {**self.record, "evidence": made}


def make_case(folder: Path, notebook: bytes = b"print(1)") -> Case:
    layout = Layout(folder / "store")
    trees = [
        Tree("Python 3.11.7", "interpreter", (File("opt/python/bin/python3", content=b"elf"),)),
        Tree("your notebook and code", "code", (File("app/churn.ipynb", content=notebook),)),
    ]
    layers = write_layers(trees, layout)
    lock = Digest.of(canonical(LOCKED) + b"\n")
    said = {NOTEBOOK: SEALED, LOCK: lock}
    image = write_image(layers, ImageConfig(entrypoint=("/python",)), layout, said)
    layout.tag("churn:1.0.0", image.manifest)
    record = {
        "schema": 1,
        "name": "churn",
        "path": "/home/ada/secret-project/churn.ipynb",
        "author": "lovelace",
        "notebook": "churn.ipynb",
        "notebook_digest": Digest.of(notebook),
        "created": "2026-11-23T09:00:00Z",
        "seconds": {"total": 12.5},
        "parameters": [{"name": "password", "type": "str", "default": "hunter2"}],
        "lock": LOCKED,
        "lock_digest": lock,
        "distributions": [
            {"name": each["name"], "version": each["version"], "size": 1}
            for each in LOCKED["distributions"]
        ],
        "libraries": ["lib/x86_64-linux-gnu/libc.so.6", "opt/native/lib/libgomp.so.1"],
        "files": [
            {"path": "data/größe.csv", "size": 3, "kind": "data", "digest": Digest.of(b"csv")},
            {"path": "helper.py", "size": 2, "kind": "code", "digest": Digest.of(b"py")},
        ],
        "content": {"cells": ["a"], "code": "", "data": "", "python": "3.11.7"},
        **image_part(image, layers),
    }
    return Case(layout, with_release(with_version(record, Parents())))

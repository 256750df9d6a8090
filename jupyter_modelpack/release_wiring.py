"""The services of promotion, joined with the adapters of one data directory."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.deployers import Deployer, find_deployer
from jupyter_modelpack.adapters.deployers.drift import DriftWatch
from jupyter_modelpack.adapters.identity import os_user
from jupyter_modelpack.adapters.image_names import ImageNames
from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.adapters.policy_file import PolicyFile
from jupyter_modelpack.adapters.publisher import ImagePublisher
from jupyter_modelpack.adapters.registry import Access
from jupyter_modelpack.adapters.signing import TrustedKeys, file_signer, own_signer
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import manifest_descriptor
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.referrer import Artifact, read_file, referrers, write_referrers
from jupyter_modelpack.release.audit import Checkpoint
from jupyter_modelpack.release.canonical import canonical
from jupyter_modelpack.services.environments import Environments
from jupyter_modelpack.services.inspecting import Inspector
from jupyter_modelpack.services.notebook_badge import NotebookBadge
from jupyter_modelpack.services.packaged_notebook import cells_of, packaged_notebook
from jupyter_modelpack.services.policies import Policies
from jupyter_modelpack.services.promotions import Outside, Promotions
from jupyter_modelpack.services.release_facts import FactFinder
from jupyter_modelpack.services.releases import Releases
from jupyter_modelpack.services.surroundings import Membership, Views

Record = Mapping[str, Any]
CHECKPOINT = "application/vnd.jupyter-modelpack.checkpoint+json"


@dataclass(frozen=True)
class Wanted:
    """Where promotion keeps and writes things: the data directory, the deployer, the keys."""

    data_dir: Path
    deployer: str = "record"
    deploy_folder: str = ""
    signing_key: str = ""
    policy_file: str = ""


def open_releases(
    wanted: Wanted,
    layout: Layout,
    ledger: Ledger,
    inspector: Inspector,
    tell: Callable[[Mapping[str, str]], None],
    membership: Membership | None = None,
    publisher: ImagePublisher | None = None,
) -> Releases:
    """Return the front of promotion for a data directory."""
    file = Path(wanted.policy_file or wanted.data_dir / "policy.yaml").expanduser()
    policies = Policies(PolicyFile(file), ledger.policies, now, new_id, os_user())
    images = publisher or ImagePublisher(layout, "", Access())
    finder = FactFinder(layout, partial(_keys, wanted), partial(_runs, ledger), now, images.resolve)
    views = Views(
        finder, ledger.promotions, ledger.packages.by_digest, ledger.audit, ledger.policies.state,
        membership,
    )  # fmt: skip
    landmarks = Landmarks(wanted.data_dir, layout, ledger, images)
    outside = Outside(now, new_id, tell, partial(_deployer, wanted), landmarks)
    cells = partial(_cells, layout)
    environments = Environments(
        ledger.promotions, ledger.packages, policies, views,
        NotebookBadge(inspector, cells), now,
        ledger.at_one_moment, DriftWatch(partial(_deployer, wanted)),
    )  # fmt: skip
    return Releases(
        Promotions(ledger.promotions, ledger.packages, policies, views, outside),
        environments,
        policies,
        ledger.packages,
        ledger.audit,
        cells,
        partial(_witnesses, layout),
    )


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(timezone.utc)


def new_id() -> str:
    """Return an id that nobody has."""
    return uuid.uuid4().hex


class Landmarks:
    """Tags and checkpoints in the store and the registry, which say again what the ledger says."""

    def __init__(
        self, data_dir: Path, layout: Layout, ledger: Ledger, images: ImagePublisher | None = None
    ) -> None:
        self._names = ImageNames(layout, data_dir / "cache" / "locks")
        self._layout = layout
        self._ledger = ledger
        self._images = images

    def leave(self, package: str, environment: str) -> None:
        """Move the environment's tag to what its pointer says, and keep a checkpoint there.

        The pointer is true without them, so what goes wrong here is made good by the next move.
        """
        with suppress(ModelPackError), self._names.alone(package):
            slot = self._ledger.promotions.lane(package, environment).slot
            if slot.digest is None:
                return
            self._names.name(
                f"{package}:{environment}", manifest_descriptor(self._layout, slot.digest)
            )
            content = canonical(self._ledger.audit.head().to_json())
            artifact = Artifact(CHECKPOINT, content, CHECKPOINT)
            write_referrers(self._layout, slot.digest, [artifact])
            record = self._ledger.packages.by_digest(package, slot.digest)
            if self._images is not None and record is not None:
                self._images.mark(record, environment)


def _cells(layout: Layout, record: Record) -> Sequence[str]:
    """Return the sources of a package's cells."""
    return cells_of(packaged_notebook(layout, record))


def _keys(wanted: Wanted) -> TrustedKeys:
    file = wanted.signing_key
    folder = wanted.data_dir / "keys"
    signer = file_signer(Path(file).expanduser()) if file else own_signer(folder)
    return TrustedKeys([signer.public])


def _runs(ledger: Ledger, name: str, version: str) -> Sequence[Any]:
    return ledger.work.list("run", name=name, version=version, everywhere=True)


def _deployer(wanted: Wanted) -> Deployer:
    folder = Path(wanted.deploy_folder).expanduser() if wanted.deploy_folder else None
    return find_deployer(wanted.deployer, folder or wanted.data_dir / "environments")


def _witnesses(layout: Layout, images: Iterable[Digest]) -> Iterable[Checkpoint]:
    for image in images:
        with suppress(ModelPackError, ValueError):
            for found in referrers(layout, image, CHECKPOINT):
                yield Checkpoint.from_json(json.loads(read_file(layout, found)))

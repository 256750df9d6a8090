"""The deployer ``folder``: manifests and a release card in a directory that changes all at once.

``FOLDER/ENVIRONMENT/PACKAGE`` is a link to a directory that never changes. A new release is a new
directory, and then one rename of the link.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_modelpack.errors import Conflict, StoreError
from jupyter_modelpack.release.event import Deploy

CARD = "release.json"
_NAMES = {"kubernetes": "job.yaml", "kubeflow": "pipeline.yaml"}
_ON_CARD = ("why", "created", "author", "image_id", "verified", "metrics", "checks", "evidence")


class FolderDeployer:
    """Writes below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deploy(self, order: Deploy, record: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Write the files and let the link lead to them; raises Conflict for a late order."""
        place = self._folder / order.environment
        card = {
            "name": order.package,
            "version": order.version,
            "digest": str(order.digest),
            "environment": order.environment,
            "generation": order.generation,
            "attempt": order.attempt,
            "promotion": order.promotion,
            **{key: record.get(key) for key in _ON_CARD},
        }
        content = {CARD: (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode()}
        content |= {_NAMES.get(kind, kind): data for kind, data in files.items()}
        try:
            place.mkdir(parents=True, exist_ok=True)
            with _alone(place / f".{order.package}.lock"):
                _refuse_late(place / order.package, order)
                _remove_cut(place, order.package)
                _swap(place, order.package, content)
        except OSError as error:
            raise StoreError(
                f"{place} cannot be written: {error.strerror}.",
                advice="Choose a folder that you may write to and that has room.",
            ) from error


def _refuse_late(link: Path, order: Deploy) -> None:
    try:
        card = json.loads((link / CARD).read_bytes())
        there = (int(card["generation"]), int(card["attempt"]))
    except (FileNotFoundError, NotADirectoryError):
        return
    except (ValueError, KeyError, TypeError):
        raise Conflict(
            f"{link / CARD} is not a release card, so it is not overwritten.",
            advice="Move that folder away.",
        ) from None
    if (order.generation, order.attempt) < there:
        raise Conflict(f"A later release is in {link} already.")


def _remove_cut(place: Path, name: str) -> None:
    """Remove what processes that were killed had begun to write."""
    link = place / name
    kept = os.readlink(link) if link.is_symlink() else ""
    made = re.compile(rf"\.{re.escape(name)}-[a-z0-9_]{{8}}(\.link)?")  # as mkdtemp names them
    for each in place.iterdir():
        if not made.fullmatch(each.name) or each.name == kept:
            continue
        if each.is_symlink():
            each.unlink(missing_ok=True)
        else:
            shutil.rmtree(each, ignore_errors=True)


def _swap(place: Path, name: str, content: Mapping[str, bytes]) -> None:
    made = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=place))
    try:
        made.chmod(0o755)
        for file, data in content.items():
            with (made / file).open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        link = place / f"{made.name}.link"
        link.symlink_to(made.name)
        before = place / name
        old = os.readlink(before) if before.is_symlink() else ""
        link.replace(before)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        (place / f"{made.name}.link").unlink(missing_ok=True)
        raise
    if old.startswith(f".{name}-") and "/" not in old:
        shutil.rmtree(place / old, ignore_errors=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)

"""The deployer ``gitops``: manifests in a branch of a git repository, one commit a promotion.

Argo CD or Flux take them from there. ``PATH/ENVIRONMENT/PACKAGE/`` holds a kustomization, the Job,
the pipeline and the release card; ``PATH/ENVIRONMENT/kustomization.yaml`` lists the packages.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from jupyter_modelpack.adapters.deployers.git import GitBranch, GitPlace, fetched
from jupyter_modelpack.errors import BackendUnavailable, Conflict, InvalidInput
from jupyter_modelpack.release.event import Deploy

FILE = "gitops.yaml"
CARD = "release.json"
_ATTEMPTS = 25
_NAMES = {"kubernetes": "job.yaml", "kubeflow": "pipeline.yaml"}
_ON_CARD = ("why", "created", "author", "registry", "verified", "metrics", "evidence")
_KEYS = {"repository", "branch", "path", "username", "token_file"}
_BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,99}\Z")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*\Z")
_ADDRESS = re.compile(r"(?:https://[^@\s/]+|ssh://(?:[^@:\s/-][^@:\s/]*@)?[^@\s/-][^@\s/]*)?/\S+\Z")
Record = Mapping[str, Any]


@dataclass(frozen=True)
class GitOpsDeployer:
    """Commits to the repository that ``gitops.yaml`` in a folder names."""

    folder: Path
    sleep: Callable[[float], None] = time.sleep

    def deploy(self, order: Deploy, record: Record, files: Mapping[str, bytes]) -> None:
        """Commit the release and push it, again when somebody else pushed meanwhile.

        Raises Conflict for a late order, BackendError and BackendUnavailable when git fails.
        """
        place, path = read_place(self.folder / FILE)
        for attempt in range(_ATTEMPTS):
            with fetched(place) as branch:
                if _committed(branch, f"{path}/{order.environment}", order, record, files):
                    return
            self.sleep(random.uniform(0.05, 0.2 + 0.1 * attempt))
        raise BackendUnavailable(
            f"Others push to {place.branch} of {place.repository} all the time.",
            advice="Try it again later.",
        )


def read_place(file: Path) -> tuple[GitPlace, str]:
    """Return the place that a file names, and the folder in it; raises InvalidInput."""
    try:
        said = yaml.safe_load(file.read_bytes())
    except FileNotFoundError:
        raise _wrong(file, "is not there") from None
    except (OSError, yaml.YAMLError):
        raise _wrong(file, "cannot be read") from None
    if not isinstance(said, dict) or not all(isinstance(v, str) for v in said.values()):
        raise _wrong(file, "must name texts only")
    if unknown := sorted(map(str, set(said) - _KEYS)):
        raise _wrong(file, f"names {unknown[0][:40]}, which it cannot")
    branch, path = said.get("branch", "main"), said.get("path", "environments")
    if not _ADDRESS.match(said.get("repository", "")):
        raise _wrong(file, "names no repository by https://, ssh:// or a path, without a password")
    if not _BRANCH.match(branch) or ".." in branch or not _PATH.match(path):
        raise _wrong(file, "names no branch or no path that can be one")
    place = GitPlace(
        said["repository"], branch, said.get("username", ""), said.get("token_file", "")
    )
    return place, path


def _committed(
    branch: GitBranch, place: str, order: Deploy, record: Record, files: Mapping[str, bytes]
) -> bool:
    folder = f"{place}/{order.package}"
    before = _card_there(branch, folder, order)
    named = {_NAMES.get(kind, kind): content for kind, content in files.items()}
    resources = [name for name in ("job.yaml",) if name in named]
    content = {
        "kustomization.yaml": _kustomization(resources, order),
        CARD: _card(order, record),
        **named,
    }
    branch.replace(folder, content)
    packages = sorted({*branch.folders(place), order.package})
    branch.write(f"{place}/kustomization.yaml", _kustomization(packages))
    return branch.commit(_message(order, record, before))


def _card_there(branch: GitBranch, folder: str, order: Deploy) -> Mapping[str, Any]:
    found = branch.read(f"{folder}/{CARD}")
    if found is None:
        return {}
    try:
        card: Mapping[str, Any] = json.loads(found)
        there = (int(card["generation"]), int(card["attempt"]))
    except (ValueError, KeyError, TypeError):
        raise Conflict(
            f"{folder}/{CARD} is not a release card, so it is not overwritten.",
            advice="Move that folder away in the repository.",
        ) from None
    if (order.generation, order.attempt) < there:
        raise Conflict(f"A later release is in {folder} already.")
    return card


def _card(order: Deploy, record: Record) -> bytes:
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
    return (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode()


def _kustomization(resources: list[str], order: Deploy | None = None) -> bytes:
    content: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
    }
    if order is not None:
        prefix = "jupyter-modelpack.github.io"
        content["commonAnnotations"] = {
            f"{prefix}/release": f"{order.package} {order.version}",
            f"{prefix}/digest": str(order.digest),
            f"{prefix}/promotion": order.promotion,
        }
    return yaml.safe_dump(content, sort_keys=False).encode()


def _message(order: Deploy, record: Record, before: Mapping[str, Any]) -> str:
    """Return a message that says what runs now, what ran before, and why it changed."""
    lines = [
        f"Bring {order.package} {order.version} to {order.environment}",
        "",
        f"It is {record.get('registry') or order.digest}.",
    ]
    if before:
        lines.append(f"Before, {order.environment} had {before['version']} ({before['digest']}).")
    if record.get("why"):
        lines.append(f"What changed: {record['why']}")
    if record.get("author"):
        lines.append(f"Packaged by {record['author']}.")
    lines += ["", f"Promotion: {order.promotion}", f"Digest: {order.digest}"]
    return "\n".join(" ".join(str(line).split()) for line in lines) + "\n"


def _wrong(file: Path, why: str) -> InvalidInput:
    return InvalidInput(
        f"{file} {why}.",
        field="deploy_folder",
        advice="Write repository, branch, path and, for HTTPS, username and token_file there.",
    )

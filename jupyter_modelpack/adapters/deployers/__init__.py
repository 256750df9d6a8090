"""Deployers: what brings a release into an environment, chosen by name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from jupyter_modelpack.adapters.deployers.folder import FolderDeployer
from jupyter_modelpack.adapters.deployers.record import RecordDeployer
from jupyter_modelpack.errors import BackendUnavailable
from jupyter_modelpack.release.event import Deploy

GROUP = "jupyter_modelpack.deployers"


class Deployer(Protocol):
    """Brings a release into an environment."""

    def deploy(self, order: Deploy, record: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Return when it is there; raises GateNotSatisfied for a no, other errors when it breaks.

        An order with a lower (generation, attempt) than an earlier one must be refused.
        """


def find_deployer(name: str, folder: Path) -> Deployer:
    """Return a deployer of ours, or one of another package by its entry point.

    An entry point is a function that takes the folder that files may be written to.
    """
    if name == "record":
        return RecordDeployer()
    if name == "folder":
        return FolderDeployer(folder)
    if name == "kubernetes":
        from jupyter_modelpack.adapters.deployers.kubernetes import KubernetesDeployer

        return KubernetesDeployer(folder)
    if name == "kubeflow":
        from jupyter_modelpack.adapters.deployers.kubeflow import KubeflowDeployer

        return KubeflowDeployer(folder)
    if name == "gitops":
        from jupyter_modelpack.adapters.deployers.gitops import GitOpsDeployer

        return GitOpsDeployer(folder)
    for found in entry_points(group=GROUP):
        if found.name == name:
            deployer: Deployer = found.load()(folder)
            return deployer
    raise BackendUnavailable(
        f"There is no deployer {name!s:.60}.",
        advice="There are record, folder, kubernetes, kubeflow and gitops; others come with"
        " packages.",
    )

"""What steps ask of Kubernetes beyond Kubeflow's own format, through ``kfp-kubernetes``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from jupyter_modelpack.errors import BackendUnavailable
from jupyter_modelpack.notebook.kale import StepOptions
from jupyter_modelpack.notebook.kale_metadata import Volume
from jupyter_modelpack.pipeline.mount import Mount

HINT = "Install it with: pip install 'jupyter-modelpack[kubeflow]'"
MOUNTS = "MODELPACK_MOUNTS"  # read by the runtime in the image
Claims = Sequence[tuple[Volume, Any]]


def make_claims(volumes: Sequence[Volume]) -> Claims:
    """Return each with its claim, which is a name or what a task makes; within a pipeline."""
    claims: dict[str, tuple[Volume, Any]] = {}  # by mount point, of which there is one each
    for volume in volumes:
        claim: Any = volume.name
        if volume.kind == "new_pvc":
            made = _kubernetes().CreatePVC(
                pvc_name_suffix=f"-{volume.name}",
                access_modes=[volume.access_mode],
                size=volume.size or "1Gi",
                storage_class_name=volume.storage_class,
            )
            claim = made.outputs["name"]
        claims[volume.mount] = volume, claim
    return tuple(claims.values())


def mount(task: Any, mounts: Sequence[Mount]) -> None:
    """Let a step see what a run asks for, and say where, so that it names the data that it read.

    Raises BackendUnavailable where kfp-kubernetes is not installed.
    """
    for each in mounts:
        if each.kind == "config_map":
            _kubernetes().use_config_map_as_volume(task, each.name, each.path)
        else:
            _kubernetes().mount_pvc(
                task, pvc_name=each.name, mount_path=each.path, sub_path=each.sub_path
            )
    if mounts:
        task.set_env_variable(MOUNTS, json.dumps([each.path for each in mounts]))


def ask_platform(
    task: Any, options: StepOptions, labels: Mapping[str, str], claims: Claims
) -> None:
    """Ask for labels, annotations, secrets by reference, and volumes; nothing if there are none.

    Raises BackendUnavailable where something is asked and kfp-kubernetes is not installed.
    """
    for volume, claim in claims:
        _kubernetes().mount_pvc(task, pvc_name=claim, mount_path=volume.mount)
        if volume.variable:
            task.set_env_variable(volume.variable, volume.mount)
    for key, value in {**labels, **options.labels}.items():
        _kubernetes().add_pod_label(task, key, value)
    for key, value in options.annotations.items():
        _kubernetes().add_pod_annotation(task, key, value)
    for variable, ref in options.secrets.items():
        _kubernetes().use_secret_as_env(
            task, secret_name=ref.secret, secret_key_to_env={ref.key: variable}
        )


def _kubernetes() -> Any:
    try:
        return import_module("kfp.kubernetes")
    except ImportError as error:
        raise BackendUnavailable(
            "The Kubeflow pipeline was not compiled, because kfp-kubernetes is not installed.",
            advice=HINT,
        ) from error

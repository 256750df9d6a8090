"""The files that a cluster runs a package from: the Kubeflow pipeline and the Kubernetes Job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.errors import BackendUnavailable
from jupyter_modelpack.pipeline.spec import PipelineSpec
from jupyter_modelpack.pipeline.steps import read_caching, read_steps, read_volumes

LOCAL_REPOSITORY = "modelpack.local"


@dataclass(frozen=True)
class _Parameter:
    name: str
    type: str
    default: Any


class JobCompiler:
    """Compiles both files of a package, as far as the packages for it are installed."""

    def compile(self, record: Mapping[str, Any]) -> tuple[Mapping[str, bytes], str]:
        """Return the files by format and, where kfp is missing, how to get it."""
        files = {"kubernetes": compile_one(record, "kubernetes")}
        try:
            files["kubeflow"] = compile_one(record, "kubeflow")
        except BackendUnavailable as error:
            return files, str(error)
        return files, ""


def compile_one(record: Mapping[str, Any], kind: str, repository: str | None = None) -> bytes:
    """Return one of the files as YAML, for the image by digest.

    ``repository`` is where a cluster finds the image; without one it is named under
    ``modelpack.local``, to be replaced when the image is published. Raises BackendUnavailable
    where kfp is not installed.
    """
    name = str(record["name"])
    spec = spec_of(record, f"{repository or f'{LOCAL_REPOSITORY}/{name}'}@{record['digest']}")
    if kind == "kubernetes":
        from jupyter_modelpack.adapters.kubernetes.manifest import job_manifest, render_manifest

        return render_manifest(job_manifest(spec))
    from jupyter_modelpack.adapters.kubeflow.compiler import compile_pipeline

    return compile_pipeline(spec)


def spec_of(package: Mapping[str, Any], image: str) -> PipelineSpec:
    """Return what is asked of a cluster for a package with ``name``, ``version`` and parameters."""
    name = str(package["name"])
    return PipelineSpec(
        name=name,
        display_name=name,
        version=str(package.get("version") or ""),
        image=image,
        parameters=tuple(
            _Parameter(p["name"], p["type"], p["default"]) for p in package["parameters"]
        ),
        steps=read_steps(package),
        volumes=read_volumes(package),
        caching=read_caching(package),
    )

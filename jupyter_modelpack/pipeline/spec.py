"""The pipeline of a package, as data: one image by digest, its parameters, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.kale_metadata import Volume
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.reference import Reference
from jupyter_modelpack.pipeline.mount import Mount
from jupyter_modelpack.pipeline.names import dns_label
from jupyter_modelpack.pipeline.parameters import (
    ParameterLike,
    PipelineParameter,
    pipeline_parameters,
)
from jupyter_modelpack.pipeline.steps import StepSpec

# Kubeflow replaces an image's entry point, so the step names the whole command
COMMAND = ("/opt/python/bin/python3", "/opt/modelpack")
USER = 65532
WORK_DIRECTORY = "/work"


@dataclass(frozen=True)
class Resources:
    """What a run asks of the cluster, as Kubernetes quantities (``"500m"``, ``"2Gi"``)."""

    cpu: str | None = None
    memory: str | None = None


@dataclass(frozen=True, kw_only=True)
class PipelineSpec:
    """What Kubeflow and Kubernetes are asked to run for one version of a package.

    ``image`` is a reference by digest (``repository@sha256:...``); a tag alone raises InvalidInput.
    ``parameters`` are the notebook's: anything with ``name``, ``type`` and ``default``. ``name``
    is the DNS-1123 label made from what is given there, else from ``display_name``, which is kept.
    ``labels`` are the pods', ``mounts`` what each step of a run sees beside the package's own
    ``volumes``. Without ``steps`` the whole notebook is one.
    """

    display_name: str
    version: str
    image: str
    name: str = ""
    parameters: tuple[ParameterLike, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    steps: tuple[StepSpec, ...] = ()
    volumes: tuple[Volume, ...] = ()
    mounts: tuple[Mount, ...] = ()
    caching: bool = False

    def __post_init__(self) -> None:
        if not self.display_name.strip():
            raise InvalidInput("A pipeline needs a name.", field="display_name")
        reference = Reference.parse(self.image)
        if reference.digest is None:
            raise InvalidInput(
                f"{self.image!r} names an image by its tag, which may change.",
                field="image",
                advice="Use repository@sha256:..., so that the job runs what was verified.",
            )
        object.__setattr__(self, "image", str(reference))
        object.__setattr__(self, "name", dns_label(self.name or self.display_name))
        pipeline_parameters(self.parameters)

    @property
    def digest(self) -> Digest:
        """The digest of the image's manifest."""
        return Digest(self.image.partition("@")[2])

    @property
    def typed_parameters(self) -> tuple[PipelineParameter, ...]:
        """The notebook's parameters with the names and types that Kubeflow gives them."""
        return pipeline_parameters(self.parameters)

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return values of the notebook's parameters under Kubeflow's names, in its types."""
        values: dict[str, Any] = {}
        for parameter in self.typed_parameters:
            if parameter.variable in given:
                value = given[parameter.variable]
                if parameter.type == "STRING" and not isinstance(value, str):
                    value = "" if value is None else json.dumps(value)
                values[parameter.name] = value
        return values

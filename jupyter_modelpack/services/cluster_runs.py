"""Requests for runs on a Kubernetes cluster: checked, with the image as the cluster finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.reference import Reference
from jupyter_modelpack.pipeline.cluster import ClusterOptions
from jupyter_modelpack.pipeline.mount import Mount
from jupyter_modelpack.services.offers import Offers
from jupyter_modelpack.services.publishing import repository_of
from jupyter_modelpack.services.running import typed_values
from jupyter_modelpack.services.runs import RunRequest

# What is asked of a step at Kubeflow otherwise stands in the notebook's tags.
_AT_KUBEFLOW = ("labels", "image", "mounts")


class ClusterRuns:
    """The backend ``kubernetes``, as far as a request can be judged without the cluster.

    ``repository`` is where the cluster finds images, such as ``registry.example.org/team/{name}``;
    ``ready`` raises BackendUnavailable where the client for the cluster is not installed;
    ``offers`` is asked for the labels of PodDefaults, and only when a run wants some.
    """

    def __init__(
        self, repository: str, ready: Callable[[], None], offers: Callable[[], Offers]
    ) -> None:
        self._repository = repository
        self._ready = ready
        self._offers = offers

    def ready(self) -> None:
        """Raise BackendUnavailable where nothing can be run."""
        self._ready()

    def prepare(self, record: Mapping[str, Any], asked: RunRequest) -> Mapping[str, Any]:
        """Return parameters in their types, the options, and the image by digest."""
        self._ready()
        options = ClusterOptions.parse(asked.options)
        if asked.backend == "kubeflow":
            _only_what_kubeflow_takes(asked.options, options.mounts, record)
        for external in record["external"]:
            if not options.covers(str(external["path"])):
                raise InvalidInput(
                    f"{external['path']}, which is too large to be inside the image, is not on"
                    " the cluster.",
                    field="options",
                    advice="Mount a claim that holds it, at /work or below (mounts).",
                )
        image = self._image(record, options)
        wishes = dict(asked.options)
        if asked.pod_defaults:
            wishes["labels"] = self._labels(asked, options)
        return {
            "parameters": typed_values(asked.parameters, record),
            "network": True,
            "inputs": {},
            "options": wishes,
            "pod_defaults": list(asked.pod_defaults),
            "image": image,
            "package": {
                "name": record["name"],
                "version": record["version"],
                "parameters": [dict(each) for each in record["parameters"]],
                **{key: record[key] for key in ("steps", "pipeline_settings") if key in record},
            },
        }

    def _labels(self, asked: RunRequest, options: ClusterOptions) -> dict[str, str]:
        """Return the labels of the run, and those by which the PodDefaults pick its pod."""
        offers = self._offers()
        namespace = offers.namespace(asked.backend, options.namespace)
        labels = {**offers.labels(asked.pod_defaults, namespace), **options.labels}
        return dict(ClusterOptions.parse({"labels": labels}).labels)

    def _image(self, record: Mapping[str, Any], options: ClusterOptions) -> str:
        setting = self._repository.replace("{name}", str(record["name"]))
        given = options.image or setting or repository_of(record)
        if not given:
            raise InvalidInput(
                f"{record['name']} {record['version']} is only on this machine, where no cluster"
                " finds it.",
                field="image",
                advice="Publish it to a registry and say where: ModelPack.kubernetes_image, or"
                " --image HOST/REPO.",
            )
        name, _, digest = given.partition("@")
        if digest and digest != record["digest"]:
            raise InvalidInput(
                f"{given[:200]} is not the image of {record['name']} {record['version']}.",
                field="image",
                advice="Leave the digest away: it is added.",
            )
        reference = Reference.parse(f"{name}@{record['digest']}")
        return str(reference.with_digest(Digest.parse(record["digest"])))


def _only_what_kubeflow_takes(
    options: Mapping[str, Any], mounts: Sequence[Mount], record: Mapping[str, Any]
) -> None:
    """Refuse what Kubeflow's format has no word for: it would be left out, or mean more."""
    settings = record.get("pipeline_settings") or {}
    taken = {str(volume["mount"]) for volume in settings.get("volumes") or ()}
    for mount in mounts:
        if mount.kind == "claim" and mount.read_only:
            raise _not_mounted(
                f"Kubeflow cannot mount the claim {mount.name} read-only.",
                "Say read_only: false, if the steps may write there.",
            )
        if mount.kind == "config_map" and mount.sub_path:
            raise _not_mounted(
                f"Kubeflow mounts the config map {mount.name} as a whole, without a sub_path.",
                "Leave sub_path away: its keys are files at the path.",
            )
        if mount.path in taken:
            raise _not_mounted(
                f"The notebook's own settings mount a volume at {mount.path} already.",
                "Choose another path.",
            )
    for name in options:
        if name not in _AT_KUBEFLOW:
            raise InvalidInput(
                f"A run at Kubeflow does not take {name}.",
                field=f"options.{name}",
                advice="Say it in the notebook, with a cell tag such as limit: or secret:.",
            )


def _not_mounted(message: str, advice: str) -> InvalidInput:
    return InvalidInput(message, field="options.mounts", advice=advice)

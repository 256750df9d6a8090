"""PodDefaults: what a namespace gives to pods with certain labels (kubeflow.org/v1alpha1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_modelpack.errors import InvalidInput, NotFound


class Reads(Protocol):
    """The Kubernetes API, as far as it is read here."""

    def get(self, path: str) -> dict[str, Any]:
        """Return an object or a list; raises NotFound for a kind that the cluster lacks."""


@dataclass(frozen=True)
class PodDefault:
    """One offer, such as access to a store: its name, what it says of itself, and its labels."""

    name: str
    description: str
    labels: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that is chosen from."""
        return {"name": self.name, "description": self.description, "labels": dict(self.labels)}


def pod_defaults(api: Reads, namespace: str) -> tuple[PodDefault, ...]:
    """Return the offers of a namespace by name; none on a cluster without Kubeflow.

    One that is picked by an expression, not by labels, cannot be asked for and is left out.
    """
    try:
        listed = api.get(f"/apis/kubeflow.org/v1alpha1/namespaces/{namespace}/poddefaults")
    except NotFound:
        return ()
    found = []
    for item in listed.get("items") or ():
        spec = item.get("spec") or {}
        labels = (spec.get("selector") or {}).get("matchLabels") or {}
        name = str((item.get("metadata") or {}).get("name") or "")
        if name and labels:
            texts = {str(key): str(value) for key, value in labels.items()}
            found.append(PodDefault(name, str(spec.get("desc") or name), texts))
    return tuple(sorted(found, key=lambda each: each.name))


def labels_of(chosen: Iterable[str], offers: Iterable[PodDefault]) -> dict[str, str]:
    """Return the labels that ask for the chosen offers; raises InvalidInput for an unknown one."""
    by_name = {offer.name: offer for offer in offers}
    labels: dict[str, str] = {}
    for name in chosen:
        if name not in by_name:
            known = ", ".join(by_name) or "none"
            raise InvalidInput(
                f"There is no PodDefault {name} in this namespace.",
                field="pod_defaults",
                advice=f"There is: {known}.",
            )
        labels.update(by_name[name].labels)
    return labels

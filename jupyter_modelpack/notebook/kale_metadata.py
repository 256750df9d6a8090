"""The notebook metadata ``kubeflow_notebook`` that Kale writes, as far as a pipeline needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.notebook.kale import SecretRef, StepOptions, read_options

KEY = "kubeflow_notebook"
_MODES = {"rom": "ReadOnlyMany", "rwo": "ReadWriteOnce", "rwm": "ReadWriteMany"}


@dataclass(frozen=True)
class Volume:
    """A volume that every step mounts: a claim that exists, or one that the run makes.

    ``size`` is a Kubernetes quantity; ``kind`` is Kale's word, ``pvc`` or ``new_pvc`` here.
    ``variable`` is the environment variable that tells a step where it lies, if there is one.
    """

    name: str
    mount: str
    kind: str
    size: str = ""
    storage_class: str = ""
    access_mode: str = "ReadWriteMany"
    variable: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the volume as JSON, without a variable where it has none."""
        return {k: v for k, v in vars(self).items() if v or k != "variable"}


@dataclass(frozen=True)
class PipelineSettings:
    """What the metadata says about the pipeline as a whole; what is not said is empty."""

    experiment: str = ""
    name: str = ""
    description: str = ""
    caching: bool | None = None
    volumes: tuple[Volume, ...] = ()
    defaults: StepOptions = field(default_factory=StepOptions)
    unknown_volumes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON, for the record of a package."""
        return {
            "experiment": self.experiment,
            "name": self.name,
            "description": self.description,
            "caching": self.caching,
            "volumes": [volume.to_json() for volume in self.volumes],
        }


def read_settings(metadata: Mapping[str, Any]) -> PipelineSettings:
    """Return the settings in a notebook's metadata; never raises for what stands there."""
    found = metadata.get(KEY)
    if not isinstance(found, Mapping):
        return PipelineSettings()
    volumes, unknown = _volumes(found)
    caching = found.get("enable_caching")
    return PipelineSettings(
        _text(found, "experiment_name"),
        _text(found, "pipeline_name"),
        _text(found, "pipeline_description"),
        caching if isinstance(caching, bool) else None,
        volumes,
        _defaults(found.get("steps_defaults")),
        unknown,
    )


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return value.strip() if isinstance(value, str) else ""


def _volumes(found: Mapping[str, Any]) -> tuple[tuple[Volume, ...], tuple[str, ...]]:
    listed = found.get("volumes")
    known: list[Volume] = []
    unknown: list[str] = []
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, Mapping):
            continue
        name, mount, kind = (_text(entry, key) for key in ("name", "mount_point", "type"))
        if not name or not mount.startswith("/") or kind not in ("pvc", "new_pvc"):
            unknown.append(name or "without a name")
            continue
        size = entry.get("size")
        mode = _text(entry, "volume_access_mode") or _text(found, "volume_access_mode")
        known.append(
            Volume(
                name,
                mount,
                kind,
                f"{size}{_text(entry, 'size_type') or 'Gi'}" if isinstance(size, int) else "",
                _text(entry, "storage_class_name") or _text(found, "storage_class_name"),
                _MODES.get(mode, "ReadWriteMany"),
                _variable(name) if entry.get("expose_as_env_var") is True else "",
            )
        )
    return tuple(known), tuple(unknown)


def _variable(name: str) -> str:
    """Source: ``to_kale_env_var_name`` of Kale 2.3.0."""
    return "KALE_VOLUME_" + re.sub("[^A-Z0-9]", "_", name.upper())


def _defaults(value: Any) -> StepOptions:
    if isinstance(value, list):
        return read_options(tag for tag in value if isinstance(tag, str))
    if not isinstance(value, Mapping):
        return StepOptions()
    secrets = {
        name: SecretRef(str(entry["secret_name"]), str(entry["secret_key"]))
        for name, entry in _mapping(value, "secrets").items()
        if isinstance(entry, Mapping) and {"secret_name", "secret_key"} <= set(entry)
    }
    annotations, labels, limits = (
        {key: item for key, item in _mapping(value, kind).items() if isinstance(item, str)}
        for kind in ("annotations", "labels", "limits")
    )
    cache, report = value.get("enable_caching"), value.get("generate_html_report")
    return StepOptions(
        annotations,
        labels,
        limits,
        secrets,
        _text(value, "base_image"),
        cache if isinstance(cache, bool) else None,
        report if isinstance(report, bool) else None,
    )


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}

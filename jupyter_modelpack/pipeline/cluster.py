"""What a run may ask of a cluster, read from JSON and checked: no value of a secret can be named.

The names of the fields are those of the REST interface; what they become is in the adapters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import PurePosixPath
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.mount import Mount
from jupyter_modelpack.pipeline.spec import WORK_DIRECTORY
from jupyter_modelpack.pipeline.variables import checked_variable

_DAY = 86_400
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\Z")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?\Z")
_LABEL_KEY = re.compile(
    r"([a-z0-9][-a-z0-9.]{0,252}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z"
)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")
_OURS = "io.github.jupyter-modelpack/"
_RESERVED_PATHS = ("/opt/python", "/opt/native", "/opt/modelpack", "/app", "/proc", "/sys", "/dev")


@dataclass(frozen=True)
class SecretSetting:
    """An environment variable whose value is in a Secret of the cluster, named by its key."""

    variable: str
    secret: str
    key: str


@dataclass(frozen=True)
class ClusterOptions:
    """The wishes of one run; ``limits`` and ``requests`` are Kubernetes quantities by resource.

    ``time_limit`` and ``keep_seconds``, for which a finished job is kept, are in seconds; the
    digests of inputs over ``input_bytes`` are not taken.
    """

    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    pull_secrets: tuple[str, ...] = ()
    service_account: str = ""
    mounts: tuple[Mount, ...] = ()
    secrets: tuple[SecretSetting, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""
    image: str = ""
    time_limit: float | None = None
    keep_seconds: int = _DAY
    input_bytes: int | None = None

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> ClusterOptions:
        """Read the ``options`` of a request; raises InvalidInput that names what is wrong."""
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                raise _wrong(
                    str(name)[:60], f"There is no such option; there are {', '.join(known)}."
                )
        return cls(
            requests=_texts(given, "requests", _QUANTITY),
            limits=_texts(given, "limits", _QUANTITY),
            node_selector=_texts(given, "node_selector", _LABEL_VALUE),
            tolerations=tuple(_toleration(each) for each in _list(given, "tolerations")),
            pull_secrets=tuple(
                _text(each, "pull_secrets", _NAME) for each in _list(given, "pull_secrets")
            ),
            service_account=_optional(given, "service_account", _NAME),
            mounts=_mounts(given),
            secrets=tuple(_secret(each) for each in _list(given, "secrets")),
            labels=_labels(given),
            namespace=_optional(given, "namespace", _LABEL),
            image=str(given.get("image") or ""),
            time_limit=_seconds(given, "time_limit"),
            keep_seconds=int(_seconds(given, "keep_seconds") or _DAY),
            input_bytes=_bytes(given, "input_bytes"),
        )

    def covers(self, path: str) -> bool:
        """Tell whether a file that the notebook reads comes from something that is mounted."""
        place = PurePosixPath(WORK_DIRECTORY, path)
        return any(place.is_relative_to(mount.path) for mount in self.mounts)


def _wrong(field_name: str, advice: str) -> InvalidInput:
    return InvalidInput(f"The option {field_name} cannot be used.", field=field_name, advice=advice)


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name) or []
    if not isinstance(value, list) or len(value) > 50:
        raise _wrong(name, "It must be a list, with 50 entries at most.")
    return value


def _text(value: Any, name: str, shape: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not shape.match(value):
        raise _wrong(name, "Use the name as the cluster shows it.")
    return value


def _optional(given: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str:
    return _text(given[name], name, shape) if given.get(name) else ""


def _texts(given: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> dict[str, str]:
    value = given.get(name) or {}
    if not isinstance(value, Mapping) or len(value) > 50:
        raise _wrong(name, "It must be an object of texts.")
    out = {}
    for key, each in value.items():
        if not _LABEL_KEY.match(str(key)) or not shape.match(str(each)) or isinstance(each, bool):
            advice = "Write quantities as Kubernetes does: 500m, 2, 512Mi, 4Gi."
            raise _wrong(
                name, advice if shape is _QUANTITY else "Use labels as Kubernetes has them."
            )
        out[str(key)] = str(each)
    return out


def _labels(given: Mapping[str, Any]) -> dict[str, str]:
    labels = _texts(given, "labels", _LABEL_VALUE)
    for key in labels:
        if key.startswith(_OURS) or key.startswith("app.kubernetes.io/"):
            raise _wrong("labels", f"The label {key} is set by this program.")
    return labels


def _seconds(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e8:
        raise _wrong(name, "Give a positive number of seconds.")
    return float(value)


def _bytes(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 60:
        raise _wrong(name, "Give a number of bytes; 0 takes no digests.")
    return value


def _object(value: Any, name: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not set(value) <= set(keys):
        raise _wrong(name, f"Each entry is an object with {', '.join(keys)}.")
    return value


def _toleration(value: Any) -> Mapping[str, Any]:
    keys = ("key", "operator", "value", "effect", "tolerationSeconds")
    entry = _object(value, "tolerations", keys)
    if entry.get("operator", "Equal") not in ("Equal", "Exists"):
        raise _wrong("tolerations", "The operator is Equal or Exists.")
    if entry.get("effect", "") not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise _wrong("tolerations", "The effect is NoSchedule, PreferNoSchedule or NoExecute.")
    return dict(entry)


def _secret(value: Any) -> SecretSetting:
    entry = _object(value, "secrets", ("variable", "secret", "key"))
    return SecretSetting(
        checked_variable(_text(entry.get("variable"), "secrets", _VARIABLE), "secrets"),
        _text(entry.get("secret"), "secrets", _NAME),
        _text(entry.get("key"), "secrets", _KEY),
    )


def _mounts(given: Mapping[str, Any]) -> tuple[Mount, ...]:
    mounts = []
    for value in _list(given, "mounts"):
        entry = _object(value, "mounts", ("kind", "name", "path", "read_only", "sub_path"))
        kind = entry.get("kind", "claim")
        if kind not in ("claim", "config_map"):
            raise _wrong("mounts", "The kind is claim (a PersistentVolumeClaim) or config_map.")
        path = str(entry.get("path") or "")
        parts = PurePosixPath(path)
        if not parts.is_absolute() or ".." in parts.parts or ":" in path or len(parts.parts) < 2:
            raise _wrong("mounts", f"The path is absolute, such as {WORK_DIRECTORY}/data.")
        if str(parts) == WORK_DIRECTORY or any(parts.is_relative_to(p) for p in _RESERVED_PATHS):
            raise _wrong(
                "mounts",
                f"{path} belongs to the image; choose another, such as {WORK_DIRECTORY}/data.",
            )
        read_only = entry.get("read_only", True)
        if not isinstance(read_only, bool):
            raise _wrong("mounts", "read_only is true or false.")
        name = _text(entry.get("name"), "mounts", _NAME)
        sub_path = _sub_path(entry.get("sub_path") or "")
        read_only = read_only or kind == "config_map"
        mounts.append(Mount(kind, name, str(parts), read_only, sub_path))
    if len({mount.path for mount in mounts}) != len(mounts):
        raise _wrong("mounts", "Two of them have the same path.")
    return tuple(mounts)


def _sub_path(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > 1000:
        raise _wrong("mounts", "sub_path is a text.")
    parts = PurePosixPath(value)
    if parts.is_absolute() or ".." in parts.parts:
        raise _wrong("mounts", "sub_path leads to a folder or file inside of what is mounted.")
    return "" if str(parts) == "." else str(parts)

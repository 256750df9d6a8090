"""The file in the deploy folder that says where releases go, read as one mapping an environment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jupyter_modelpack.errors import InvalidInput

T = TypeVar("T")


def read_places(
    path: Path, guide: str, known: Collection[str], read: Callable[[str, Mapping[str, Any]], T]
) -> Mapping[str, T]:
    """Return what ``read`` makes of each environment's name and settings, all of them known ones.

    ``guide`` is the operators' guide that shows the file. Raises InvalidInput that says what is
    wrong.
    """
    import yaml

    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidInput(
            f"{path} cannot be read, so it is not known where releases go.",
            field="deploy_folder",
            advice=f"Write it as the guide for operators shows ({guide}).",
        ) from error
    entries = found.get("environments") if isinstance(found, dict) else None
    if not isinstance(entries, dict):
        raise InvalidInput(f"{path} names no environments.", field="environments")
    return {
        str(name): read(str(name), _checked(path, str(name), known, entry))
        for name, entry in entries.items()
    }


def _checked(path: Path, name: str, known: Collection[str], entry: Any) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise InvalidInput(f"{path}: {name} is not a mapping.", field=name)
    for key in entry:
        if key not in known:
            raise InvalidInput(f"{path}: {name} has no setting {str(key)[:40]}.", field=name)
    return entry

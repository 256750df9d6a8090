"""One-click model packaging for JupyterLab: from the open notebook to a sealed image."""

from __future__ import annotations

from typing import Any

try:
    from jupyter_modelpack._version import __version__
except ImportError:  # a checkout that was never installed
    __version__ = "0.0.0"

__all__ = ["__version__"]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-modelpack"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from jupyter_modelpack.app import ModelPack

    return [{"module": "jupyter_modelpack", "app": ModelPack}]

"""What can be said about a registry: whether it answers, who we are there, whether we may push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.adapters.diagnosis import Check
from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.errors import BackendUnavailable, ModelPackError
from jupyter_modelpack.oci.reference import Repository
from jupyter_modelpack.services.publishing import repository_at

_PROBE = "modelpack-doctor"


def diagnose_registry(settings: Mapping[str, Any]) -> tuple[Check, ...]:
    """Open an upload in the registry and take it back: nothing there is changed."""
    registry = Registry(Access.configured(settings))
    return _tried(registry, repository_at(settings["registry"], _PROBE))


def _tried(registry: Registry, repository: Repository) -> tuple[Check, ...]:
    host = repository.host
    try:
        who = registry.may_push(repository)
    except BackendUnavailable as error:
        return (Check("registry", False, True, error.message, error.advice),)
    except ModelPackError as error:
        answers = Check("registry", True, True, f"The registry {host} answers.")
        return answers, Check("registry-push", False, True, error.message, error.advice)
    known = f"knows you as {who}" if who else "asks for no credentials"
    return (
        Check("registry", True, True, f"The registry {host} answers and {known}."),
        Check("registry-push", True, True, f"You may push to {repository.path}."),
    )

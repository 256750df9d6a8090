"""Registries: any OCI distribution server, as a client that trusts none of them."""

from __future__ import annotations

from jupyter_modelpack.adapters.registry.access import Access
from jupyter_modelpack.adapters.registry.registry import Registry, World

__all__ = ["Access", "Registry", "World"]

"""Who may do what: jupyter_server's ``authorized``, with action and resource always in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

from jupyter_server.auth import decorator

Verb = TypeVar("Verb", bound=Callable[..., Any])


def authorized(
    *, action: Literal["read", "write", "execute"], resource: str
) -> Callable[[Verb], Verb]:
    """Ask the server's authorizer first, for exactly this action on exactly this resource."""
    return cast("Callable[[Verb], Verb]", decorator.authorized(action=action, resource=resource))

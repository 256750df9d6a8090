"""The page of the history: what the environments held, when, who asked, who approved, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_modelpack.services.environments import unknown_package
from jupyter_modelpack.services.policies import readable
from jupyter_modelpack.services.release_view import holding_view

if TYPE_CHECKING:
    from jupyter_modelpack.services.pages import Pages

HOLDINGS = 50


def history_page(
    pages: Pages, name: str, environment: str, at: str, before: int = 0
) -> dict[str, Any]:
    """Return a screenful of it, or what held at a time; raises NotFound and InvalidInput."""
    policy, _ = readable(pages.releases.policies)
    places = list(policy.environments) if policy else []
    asked = {"name": name, "environment": environment, "at": at}
    if at:
        entries = list(pages.releases.history(name, environment, at))[:HOLDINGS]
        return {**asked, "entries": entries, "environments": places, "older": None}
    if name and pages.releases.records.newest(name) is None:
        raise unknown_package(name)
    if environment and policy is not None:
        policy.environments.checked(environment)
    found = pages.overview.holdings(name, environment, HOLDINGS + 1, before)
    shown = [holding_view(each) for each in found[:HOLDINGS]]
    older = shown[-1]["entry"] if len(found) > HOLDINGS else None
    return {**asked, "entries": shown, "environments": places, "older": older}

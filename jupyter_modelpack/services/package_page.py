"""The page of a package: its lanes, its releases and why each has its number, and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.services.environments import unknown_package
from jupyter_modelpack.services.release_view import holding_view

if TYPE_CHECKING:
    from jupyter_modelpack.services.pages import Pages

RELEASES = 20
_HOLDINGS = 10


def package_page(pages: Pages, name: str, actor: Actor, before: int = 0) -> dict[str, Any]:
    """Return everything that the page shows; raises NotFound."""
    record = pages.releases.records.newest(name)
    if record is None:
        raise unknown_package(name)
    found = pages.overview.releases(name, RELEASES + 1, before)
    shown = found[:RELEASES]
    lanes = pages.releases.show(name, actor)
    where: dict[str, list[str]] = {}
    for lane in lanes["environments"]:
        if lane["holds"]:
            where.setdefault(lane["holds"]["digest"], []).append(lane["name"])
    return {
        "name": name,
        "lanes": lanes["environments"],
        "policy": lanes["policy"],
        "badge": lanes["badge"],
        "as_whom": actor.shown,
        "owner": record.get("owner"),
        "releases": [{**each, "places": where.get(each["digest"], [])} for _, each in shown],
        "older": shown[-1][0] if len(found) > RELEASES else None,
        "is_first": not before,
        "history": [holding_view(each) for each in pages.overview.holdings(name, "", _HOLDINGS)],
    }

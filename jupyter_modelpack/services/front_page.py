"""The front page: what waits for a person, what the person asked for, and where packages live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.promotion import Promotion
from jupyter_modelpack.services.policies import readable
from jupyter_modelpack.services.policy_page import waiting_for
from jupyter_modelpack.services.release_view import pointer_view, promotion_view

if TYPE_CHECKING:
    from jupyter_modelpack.services.pages import Pages

Json = dict[str, Any]
PACKAGES = 20
_ASKED = 5


def front_page(pages: Pages, actor: Actor, before: int = 0) -> Json:
    """Return what waits, what was asked for, and a screenful of packages with their lanes."""
    policy, problem = readable(pages.releases.policies)
    rules = policy or pages.releases.policies.in_force()
    promotions = pages.releases.promotions
    is_open = promotions.list(is_open=True)
    views = [promotion_view(each, actor, policy) for each in is_open]
    names = pages.overview.names(PACKAGES + 1, before)
    shown = names[:PACKAGES]
    held = pages.overview.held([name for _, name, _ in shown])
    places = [place.name for place in rules.places] if rules else []
    return {
        "problem": problem,
        "waiting": [
            view
            for promotion, view in zip(is_open, views, strict=True)
            if waits_for(actor, promotion, view)
        ],
        "policies": waiting_for(pages.releases.policies.state(), actor),
        "asked": _asked(promotions.list(), actor, policy),
        "environments": places,
        "packages": [
            {
                "name": name,
                "releases": count,
                "newest": newest_of(pages, name),
                "lanes": [
                    {
                        "name": place,
                        "holds": pointer_view(held[name].get(place)),
                        "waiting": next(
                            (v for v in views if (v["name"], v["environment"]) == (name, place)),
                            None,
                        ),
                    }
                    for place in places
                ],
            }
            for _, name, count in shown
        ],
        "older": shown[-1][0] if len(names) > PACKAGES else None,
        "is_first": not before,
    }


def waits_for(actor: Actor, promotion: Promotion, view: Json) -> bool:
    """Return whether this person can decide it now and has not done so."""
    if view["phase"] != "Waiting":
        return False
    decided = any(answer.actor.same_person(actor) for answer in promotion.approvals)
    may = view["may"]
    return may["override"]["allowed"] or (may["approve"]["allowed"] and not decided)


def newest_of(pages: Pages, name: str) -> Any:
    """Return the summary of the release of a package that was made last."""
    found = pages.overview.releases(name, 1)
    return found[0][1] if found else None


def _asked(promotions: Sequence[Promotion], actor: Actor, policy: Any) -> list[Json]:
    mine = [each for each in promotions if each.requester.account == actor.account]
    first = sorted(mine, key=lambda each: not each.is_open)  # what is open, then the newest
    open_ones = sum(each.is_open for each in mine)
    return [promotion_view(each, actor, policy) for each in first[: max(_ASKED, open_ones)]]

"""The page on which a reviewer decides: the difference, then the evidence, then the button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.release.actor import Actor, shown_name
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.promotion import Promotion
from jupyter_modelpack.services.environments import identity_view
from jupyter_modelpack.services.front_page import waits_for
from jupyter_modelpack.services.line_diff import diff_lines, plainly
from jupyter_modelpack.services.plots import plots_of
from jupyter_modelpack.services.release_view import pointer_view
from jupyter_modelpack.services.terminal_text import terminal_text
from jupyter_modelpack.services.trend import metric_rows

if TYPE_CHECKING:
    from jupyter_modelpack.services.pages import Pages

Json = dict[str, Any]
_TREND = 12  # releases
_CELLS = 60
_LINES = 600  # of one cell; what is longer is cut, and says so
# Checks that only say that nothing was tampered with: they stand together when they passed.
ABOUT_BYTES = (
    *("policy", "audit", "target", "permission", "reference", "sizes", "digests", "diff_ids"),
    *("provenance", "signature", "subject", "builder", "contents", "sbom"),
    *("secret_scan", "readiness"),
)
_PART = {"check": "check", "model-card": "model card", "sample-input": "sample input"}


def promotion_page(pages: Pages, ident: str, actor: Actor) -> Json:
    """Return everything that the page shows; raises NotFound."""
    promotion = pages.releases.promotions.get(ident)
    view = pages.releases.get(ident, actor, lambda path: path)
    record = _record(pages, promotion)
    views, target = pages.releases.environments.views, promotion.target
    slot = views.slots(promotion.candidate.package, (target,))[target]
    proof = pages.proofs.of(record) if record else None
    return {
        "promotion": view,
        "identity": identity_view(actor),
        "about_bytes": ABOUT_BYTES,
        "as_whom": actor.shown,
        "decides": waits_for(actor, promotion, view),
        "decided": any(each.actor.same_person(actor) for each in promotion.approvals),
        "now": _now(pages, promotion, slot),
        "difference": _difference(pages, view, promotion) if view["difference"] else None,
        "evidence": view["evidence"],
        "made": _who_made_what(record),
        "owner": (record or {}).get("owner"),
        "proof": {
            "what": proof.what,
            "log": terminal_text(proof.log),
            "is_cut": proof.is_cut,
            "plots": plots_of(proof.notebook) if proof.notebook else None,
        }
        if proof
        else None,
    }


def record_of(pages: Pages, promotion: Promotion) -> Mapping[str, Any]:
    """Return the record of the release that is promoted; raises NotFound."""
    record = _record(pages, promotion)
    if record is None:
        candidate = promotion.candidate
        raise NotFound("record", f"of {candidate.package} {candidate.version}")
    return record


def _record(pages: Pages, promotion: Promotion) -> Mapping[str, Any] | None:
    candidate = promotion.candidate
    return pages.releases.records.by_digest(candidate.package, str(candidate.digest))


def _now(pages: Pages, promotion: Promotion, slot: Slot) -> Json:
    """Return what the target holds now, who let it in, and whether it moved since the request."""
    approved = []
    if slot.pointer is not None:
        try:
            before = pages.releases.promotions.get(slot.pointer.promotion)
            counted = before.report.counted if before.report else ()
            approved = [each.shown for each in counted]
        except NotFound:
            approved = []
    moved = promotion.is_open and slot.generation != promotion.seen.generation
    return {"holds": pointer_view(slot.pointer), "approved_by": approved, "moved": moved}


def _difference(pages: Pages, view: Json, promotion: Promotion) -> Json:
    found = view["difference"]
    cells = [_cell(each) for each in found["cells"][:_CELLS]]
    return {
        **found,
        "cells": cells,
        "cells_left_out": len(found["cells"]) - len(cells),
        "metrics": metric_rows(found["metrics"], _earlier(pages, promotion)),
    }


def _cell(change: Json) -> Json:
    before, after = change["before"], change["after"]
    lines = diff_lines(before, after)
    what = "added" if before is None else "removed" if after is None else "changed"
    return {
        "cell": change["cell"],
        "what": what,
        "lines": lines[:_LINES],
        "lines_left_out": max(0, len(lines) - _LINES),
    }


def _earlier(pages: Pages, promotion: Promotion) -> list[Mapping[str, Any]]:
    """Return the metrics of the releases up to this one, oldest first."""
    candidate = promotion.candidate
    found = [each for _, each in pages.overview.releases(candidate.package, 5 * _TREND)]
    digests = [each["digest"] for each in found]
    begin = digests.index(candidate.digest) if candidate.digest in digests else 0
    return [each.get("metrics") or {} for each in reversed(found[begin : begin + _TREND])]


def _who_made_what(record: Mapping[str, Any] | None) -> list[Json]:
    if record is None:
        return []
    author = str(record.get("author") or "")
    parts: Sequence[Mapping[str, Any]] = record.get("parts") or ()
    made = [{"what": "Packaged it", "by": shown_name(author), "cell": None, "since": ""}]
    return made + [
        {
            "what": f"Added the {_PART.get(str(part['kind']), plainly(str(part['kind'])))}",
            "by": shown_name(str(part.get("by") or "")),
            "cell": part.get("cell"),
            "since": part.get("since") or "",
        }
        for part in parts
    ]

"""The page of the audit log: whether it is unbroken, its checkpoint, and its newest entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_modelpack.release.audit import Entry
from jupyter_modelpack.services.release_view import moment

if TYPE_CHECKING:
    from jupyter_modelpack.services.pages import Pages

ENTRIES = 50
_WHY = ("because", "comment", "reason")
_SAID = {
    "promotion.asked": "asked for it",
    "promotion.checking": "checks it",
    "promotion.waiting": "waits for approval",
    "promotion.approved": "approved it",
    "promotion.overridden": "answered for its marked secrets",
    "promotion.deploying": "brings it there",
    "promotion.recovered": "went on with it after a restart",
    "promotion.active": "had it made active",
    "promotion.rejected": "rejected it",
    "promotion.failed": "refused it",
    "promotion.errored": "could not bring it there",
    "promotion.withdrawn": "withdrew it",
    "promotion.superseded": "replaced it",
    "policy.installed": "put the first policy in force",
    "policy.asked": "proposed another policy",
    "policy.approved": "approved another policy",
    "policy.rejected": "rejected another policy",
    "policy.changed": "put another policy in force",
}


def audit_page(pages: Pages, whole: bool, before: int = 0) -> dict[str, Any]:
    """Return a screenful of the log; ``whole`` reads all of it, which takes its time."""
    found = pages.overview.entries(ENTRIES + 1, before)
    shown = found[:ENTRIES]
    head = pages.releases.history_log.head()
    problems: list[dict[str, Any]] = []
    if whole:
        verdict = pages.releases.audit()
        is_whole = verdict.whole
        problems = [{"entry": each.sequence, "sentence": each.message} for each in verdict.problems]
    else:
        is_whole = pages.releases.environments.views.log_is_whole()
    return {
        "is_whole": is_whole,
        "read_all": whole,
        "problems": problems,
        "size": head.size,
        "root": str(head.root),
        "entries": [_entry(each) for each in shown],
        "older": shown[-1].sequence if len(found) > ENTRIES else None,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    record = entry.record
    return {
        "number": entry.sequence,
        "at": moment(entry.at),
        "who": record.actor.shown,
        "said": _SAID.get(record.kind, record.kind),
        "name": record.package,
        "version": str(record.data.get("version", "")),
        "environment": record.environment,
        "promotion": record.promotion,
        "because": next((str(record.data[key]) for key in _WHY if record.data.get(key)), ""),
    }

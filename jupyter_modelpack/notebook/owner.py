"""What a notebook's metadata says beside its code: who answers for it, and when it is to run."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.notebook.snapshot import Snapshot

OWNER = ("name", "contact", "runbook")
_LONGEST = 2000


def owner_card(snapshot: Snapshot) -> dict[str, str] | None:
    """Return name, contact and runbook from the metadata ``modelpack.owner``, or None without any.

    ``runbook`` says what to do when a release fails: a sentence or an address. Texts of more than
    2,000 characters are cut.
    """
    ours = snapshot.notebook["metadata"].get("modelpack")
    card: Any = ours.get("owner") if isinstance(ours, dict) else None
    if not isinstance(card, dict):
        return None
    texts = {key: _text(card.get(key)) for key in OWNER}
    return texts if any(texts.values()) else None


def asked_schedule(snapshot: Snapshot) -> dict[str, Any] | None:
    """Return cron, timezone and catch_up from the metadata ``modelpack.schedule``, or None.

    They are judged where they are used; texts of more than 200 characters are cut.
    """
    ours = snapshot.notebook["metadata"].get("modelpack")
    return schedule_of(ours.get("schedule") if isinstance(ours, dict) else None)


def schedule_of(given: Any) -> dict[str, Any] | None:
    """Return the parts of a schedule that are of the right types, or None without a cron line."""
    if not isinstance(given, dict) or not _text(given.get("cron")):
        return None
    zone = _text(given.get("timezone"))[:200]
    return {
        "cron": _text(given["cron"])[:200],
        "timezone": zone or "UTC",
        "catch_up": given.get("catch_up") is True,
    }


def _text(value: Any) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""

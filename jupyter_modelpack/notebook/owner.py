"""The owner card: who answers for a notebook's releases, as its metadata says."""

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


def _text(value: Any) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""

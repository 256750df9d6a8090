from __future__ import annotations

import pytest
from release.promotion_store import Store
from release.promotion_world import (
    ADA,
    DAY,
    NOON,
    OMAR,
    POLICY,
    RITA,
    ask,
    checked,
    digest,
    facts,
    found,
    yes,
)

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.audit import Entry
from jupyter_modelpack.release.decision import decide
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.event import Deployed, Event
from jupyter_modelpack.release.history import held_at, holding_of, holdings

NEW = facts(digest("1.4.0"), "1.4.0")


def story() -> Store:
    """Ada brings 1.3.0 and then 1.4.0 to production; Rita goes back."""
    store = Store({"production": Slot("churn", "production")}, POLICY.digest)

    def send(event: Event, days: float) -> None:
        now = NOON + days * DAY
        _, effects = decide(store.lane("production", event.promotion), event, now)
        store.apply(effects, now)

    for day, name, release in ((0, "p1", facts()), (2, "p2", NEW)):
        send(ask(store.lane("production"), ADA, release, name=name), day)
        send(checked(store.lane("production"), name, release), day)
        send(yes(found(store.lane("production"), name), (RITA, OMAR)[day // 2]), day)
        send(checked(store.lane("production"), name, release), day)
        send(Deployed(name, 1, "Succeeded"), day + 0.5)
    send(ask(store.lane("production"), RITA, facts(), "rollback", "r1"), 3)
    send(checked(store.lane("production"), "r1", facts()), 3)
    send(Deployed("r1", 1, "Succeeded"), 3)
    return store


def test_what_held_production_at_a_time() -> None:
    found = holdings(story().entries)
    assert [(h.version, h.kind) for h in found] == [
        ("1.3.0", "promote"),
        ("1.4.0", "promote"),
        ("1.3.0", "rollback"),
    ]
    times = (0.4, 0.5, 2.4, 2.5, 2.9, 3, 30)
    versions = [held_at(found, "churn", "production", NOON + t * DAY) for t in times]
    assert [h.version if h else None for h in versions] == [
        *(None, "1.3.0", "1.3.0", "1.4.0", "1.4.0", "1.3.0", "1.3.0"),
    ]
    assert held_at(found, "fraud", "production", NOON + DAY) is None
    assert held_at(found, "churn", "staging", NOON + DAY) is None


def test_who_asked_who_approved_why_and_under_which_policy() -> None:
    first, second, back = holdings(story().entries)
    assert (first.asked_by, first.reason) == (ADA, "retrained on October")
    assert first.approved_by == ((RITA, "fine"),) and second.approved_by == ((OMAR, "fine"),)
    assert first.policy == POLICY.digest and back.until is None
    assert first.to_json()["until"] == second.to_json()["since"]
    assert first.sentence == (
        "Production ran churn 1.3.0 from 18 November 2026 00:00 UTC until 20 November 2026"
        " 00:00 UTC. Ada asked: “retrained on October”; Rita approved."
    )
    assert back.sentence == (
        "Production runs churn 1.3.0 since 20 November 2026 12:00 UTC. Rita rolled back to it:"
        " “retrained on October”; no approval was asked for."
    )


def test_the_pointer_says_the_same_as_the_history() -> None:
    store = story()
    last = holdings(store.entries)[-1]
    pointer = store.slots["production"].pointer
    assert pointer is not None
    assert (pointer.digest, pointer.since, pointer.by, pointer.promotion) == (
        last.digest,
        last.since,
        last.asked_by,
        last.promotion,
    )


def test_an_entry_that_lacks_what_history_needs_is_refused() -> None:
    entry = next(e for e in story().entries if holding_of(e))
    broken = entry.to_json()
    broken["data"] = {"digest": "x"}
    with pytest.raises(InvalidInput):
        holding_of(Entry.from_json(broken))

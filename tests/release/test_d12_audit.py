"""D12: whatever is done to the stored log is found, by the chain or by an older checkpoint."""

from __future__ import annotations

import copy
import json
import random
from datetime import timedelta
from typing import Any

import pytest
from release.promotion_world import ADA, IMAGE, NOON, RITA

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.audit import EMPTY, Checkpoint, Entry, follow, verify
from jupyter_modelpack.release.event import Record

Row = dict[str, Any]


def record(number: int, who: Actor = ADA) -> Record:
    data = {"digest": str(IMAGE), "reason": f"because {number}", "checks": {"sbom": "pass"}}
    place = ("dev", "staging", "production")[number % 3]
    return Record("promotion.asked", who, f"churn-{number % 7}", place, f"p{number}", data)


def log(length: int, word: str = "") -> list[Entry]:
    entries: list[Entry] = []
    for number in range(length):
        head = entries[-1].checkpoint if entries else EMPTY
        last = entries[-1].at if entries else None
        who = RITA if number % 2 else ADA
        found = record(number, who)
        if word:
            found = Record(found.kind, ADA, word, found.environment, found.promotion, found.data)
        entries.append(follow(head, last, found, NOON + timedelta(seconds=number)))
    return entries


ENTRIES = log(60)
ROWS = [entry.to_json() for entry in ENTRIES]
HEAD = ENTRIES[-1].checkpoint


def edited(value: Any, chance: random.Random) -> Any:
    """Return a JSON value with one leaf changed."""
    if isinstance(value, dict) and value:
        key = chance.choice(sorted(value))
        return {**value, key: edited(value[key], chance)}
    if isinstance(value, list) and value:
        return [edited(value[0], chance), *value[1:]]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + chance.choice((-1, 1))
    if isinstance(value, str) and value:
        place = chance.randrange(len(value))
        return value[:place] + chance.choice("xyz019") + value[place + 1 :]
    return chance.choice(("x", 1, None if value is not None else "y"))


def attacked(chance: random.Random) -> tuple[str, list[Row]]:
    rows = copy.deepcopy(ROWS)
    place = chance.randrange(len(rows))
    kind = chance.choice(("edit", "delete", "swap", "insert"))
    if kind == "edit":
        while rows[place] == ROWS[place]:
            rows[place] = edited(rows[place], chance)
    elif kind == "delete":
        del rows[place]
    elif kind == "swap":
        other = chance.choice([i for i in range(len(rows)) if i != place])
        rows[place], rows[other] = rows[other], rows[place]
    else:
        rows.insert(place, copy.deepcopy(chance.choice([rows[place], rows[-1], foreign(place)])))
    return kind, rows


def foreign(number: int) -> Row:
    """Return a well-made entry of another log."""
    return follow(Checkpoint(number, HEAD.root), None, record(999), NOON).to_json()


def test_a_log_as_it_was_written_is_whole() -> None:
    verdict = verify(ROWS, [HEAD, ENTRIES[9].checkpoint, EMPTY])
    assert verdict.whole and verdict.checkpoint == HEAD
    assert verify([]).checkpoint == EMPTY


def test_a_thousand_random_attacks_are_found() -> None:
    chance, found, tried = random.Random(12), 0, {"edit": 0, "delete": 0, "swap": 0, "insert": 0}
    for _ in range(1000):
        kind, rows = attacked(chance)
        tried[kind] += 1
        found += not verify(rows, [HEAD]).whole
    print(f"D12: {tried}, {found} of 1000 found")
    assert found == 1000


def test_all_but_a_cut_tail_is_found_without_any_checkpoint() -> None:
    chance = random.Random(13)
    for _ in range(300):
        _, rows = attacked(chance)
        assert rows == ROWS[: len(rows)] or not verify(rows).whole


def test_every_cut_and_rewrite_is_found_by_an_older_checkpoint() -> None:
    missed = 0
    for size in range(1, len(ENTRIES) + 1):
        witness = ENTRIES[size - 1].checkpoint
        missed += sum(verify(ROWS[:cut], [witness]).whole for cut in range(size))
        rewritten = [entry.to_json() for entry in log(60, "fraud")]
        assert verify(rewritten).whole
        missed += verify(rewritten, [witness]).whole
    print(f"D12: {60 * 61 // 2} cuts and 60 rewrites, {missed} missed")
    assert missed == 0


def test_one_late_rewrite_is_found_by_a_witness_that_saw_it() -> None:
    kept = ENTRIES[:50]
    head, last = kept[-1].checkpoint, kept[-1].at
    other = follow(head, last, record(777), NOON)
    rows = [*ROWS[:50], other.to_json()]
    assert verify(rows, [kept[-1].checkpoint]).whole
    assert not verify(rows, [ENTRIES[50].checkpoint]).whole


def test_an_entry_with_a_good_digest_but_a_wrong_number_or_time_is_found() -> None:
    kept = ENTRIES[:50]
    skipped = follow(Checkpoint(77, kept[-1].digest), kept[-1].at, record(1), NOON)
    older = follow(kept[-1].checkpoint, None, record(1), NOON - timedelta(days=1))
    for entry, word in ((skipped, "does not follow"), (older, "is older")):
        problems = verify([*ROWS[:50], entry.to_json()]).problems
        assert [word in problem.message for problem in problems] == [True]


def test_a_client_checks_the_new_entries_alone() -> None:
    old = ENTRIES[39].checkpoint
    assert verify(ROWS[40:], [HEAD], start=old).whole
    assert not verify(ROWS[41:], [HEAD], start=old).whole
    assert not verify([e.to_json() for e in log(60, "fraud")][40:], start=old).whole


def test_two_checkpoints_of_one_size_that_differ_are_told() -> None:
    other = Checkpoint(HEAD.size, IMAGE)
    assert not verify(ROWS, [HEAD, other]).whole
    assert not verify(ROWS, [other, HEAD]).whole


@pytest.mark.parametrize("row", [{}, {"digest": 1}, None, [], "x", {**ROWS[0], "more": 1}])
def test_rows_that_are_none_are_found_without_a_crash(row: Any) -> None:
    assert not verify([row, *ROWS[1:]]).whole
    assert not verify([*ROWS, row]).whole


def test_hostile_values_are_found_without_a_crash() -> None:
    for value in (float("nan"), 1.5, b"x", "\ud800", {1: 2}, [[[[]]]], object()):
        assert not verify([{**ROWS[0], "data": value}]).whole


def test_entries_survive_storage_and_time_does_not_run_backwards() -> None:
    for entry in ENTRIES:
        assert Entry.from_json(json.loads(json.dumps(entry.to_json()))) == entry
    late = follow(HEAD, ENTRIES[-1].at, record(1), NOON - timedelta(days=9))
    assert late.at == ENTRIES[-1].at
    assert Checkpoint.from_json(HEAD.to_json()) == HEAD
    for bad in ({}, {"size": True, "root": str(IMAGE)}, {"size": -1, "root": str(IMAGE)}):
        with pytest.raises(InvalidInput):
            Checkpoint.from_json(bad)
    with pytest.raises(InvalidInput):
        Entry.from_json({})


def test_the_digest_of_an_entry_never_changes() -> None:
    """A golden value: a log that is verified by a later version has to give the same."""
    entry = follow(EMPTY, None, record(1), NOON)
    assert entry.digest == (
        "sha256:984f41b75459c365520ddef7127223d2e387e0c05b07d771de5c27af354a80f9"
    )

"""Schedules: what a person writes, and the line by which Kubeflow runs it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.schedule import Schedule

NOW = datetime(2026, 11, 27, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "cron, zone, there, line",
    [
        ("30 2 * * *", "UTC", "UTC", "0 30 2 * * *"),
        ("@weekly", "UTC", "UTC", "0 0 0 * * 0"),
        ("*/20 8-10 * * mon-fri", "UTC", "UTC", "0 0,20,40 8,9,10 * * 1,2,3,4,5"),
        ("0 6 1 jan,jul ?", "UTC", "UTC", "0 0 6 1 1,7 *"),
        ("0 0 * * 7", "UTC", "UTC", "0 0 0 * * 0"),
        # Kubeflow's clock is the author's, or keeps step with it
        ("30 2 * * *", "Europe/Zurich", "Europe/Zurich", "0 30 2 * * *"),
        ("30 2 1 * *", "Europe/Zurich", "Europe/Berlin", "0 30 2 1 * *"),
        # Tokyo is nine hours ahead all year, and half past six in Kolkata is one in London's winter
        ("30 2 * * *", "Asia/Tokyo", "UTC", "0 30 17 * * *"),
        ("30 2 * * mon", "Asia/Tokyo", "UTC", "0 30 17 * * 0"),
        ("0 12 1 * *", "Asia/Tokyo", "UTC", "0 0 3 1 * *"),
        ("0 * * * *", "Asia/Kolkata", "UTC", "0 30 * * * *"),
        ("30 6,7 * * *", "Asia/Kolkata", "UTC", "0 0 1,2 * * *"),
        ("0 8,10 * * *", "Asia/Tokyo", "UTC", "0 0 1,23 * * *"),
    ],
)
def test_a_line_is_moved_to_kubeflows_clock(cron: str, zone: str, there: str, line: str) -> None:
    assert Schedule(cron, zone).at(there, NOW) == line


@pytest.mark.parametrize(
    "cron, zone, field",
    [
        ("30 2 * * *", "Europe/Zurich", "timezone"),  # summer time
        ("0 8 1 * *", "Asia/Tokyo", "cron"),  # the last day of a month, which cron cannot say
        ("0 8,10 * * mon", "Asia/Tokyo", "cron"),
        ("0,45 6 * * *", "Asia/Kolkata", "cron"),
    ],
)
def test_what_no_line_there_says_is_refused_with_what_to_do(
    cron: str, zone: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        Schedule(cron, zone).at("UTC", NOW)
    assert caught.value.details["field"] == field and "UTC" in caught.value.advice


@pytest.mark.parametrize(
    "given",
    [
        {"cron": "every night"},
        {"cron": "0 30 2 * * *"},  # six fields: which clock they are of is not sure
        {"cron": "60 2 * * *"},
        {"cron": "0 2 0 * *"},
        {"cron": "0 2 * * */0"},
        {"cron": "0 5-3 * * *"},
        {"cron": "0 2 * * *", "timezone": "Mars/Olympus"},
        {"cron": "0 2 * * *", "timezone": "../../etc/passwd"},
        {"cron": "0 2 * * *", "catch_up": "no"},
        {"cron": "0 2 * * *", "when": "now"},
        {},
    ],
)
def test_what_is_no_schedule_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Schedule.parse(given)


def test_a_schedule_is_read_as_it_was_written() -> None:
    made = Schedule.parse({"cron": "@daily", "timezone": "Europe/Zurich", "catch_up": True})
    assert Schedule.parse(made.to_json()) == made
    assert made.cron == "0 0 * * *"


@pytest.mark.parametrize(
    "cron, zone, after, found",
    [
        ("30 2 * * *", "UTC", "2026-11-27T02:29", "2026-11-27T02:30"),
        ("30 2 * * *", "UTC", "2026-11-27T02:30", "2026-11-28T02:30"),  # after, not at
        ("30 2 * * *", "Asia/Tokyo", "2026-11-27T00:00", "2026-11-27T17:30"),
        ("0 * * * *", "Asia/Kolkata", "2026-11-27T00:00", "2026-11-27T00:30"),
        ("0 6 * * mon", "UTC", "2026-11-27T00:00", "2026-11-30T06:00"),
        ("0 6 1 * mon", "UTC", "2026-11-30T07:00", "2026-12-01T06:00"),  # either kind of day
        ("0 6 29 2 *", "UTC", "2026-11-27T00:00", "2028-02-29T06:00"),
        # half past two is left out when the clocks go forward, and comes once when they go back
        ("30 2 * * *", "Europe/Zurich", "2027-03-27T12:00", "2027-03-29T00:30"),
        ("30 2 * * *", "Europe/Zurich", "2027-10-30T12:00", "2027-10-31T00:30"),
        ("0 6 31 2 *", "UTC", "2026-11-27T00:00", None),
    ],
)
def test_when_it_runs_next(cron: str, zone: str, after: str, found: str | None) -> None:
    moments = [
        datetime.fromisoformat(each).replace(tzinfo=timezone.utc) if each else None
        for each in (after, found)
    ]
    assert moments[0] is not None
    assert Schedule(cron, zone).next_after(moments[0]) == moments[1]

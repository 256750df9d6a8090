"""When a pipeline runs again and again: a cron line in a timezone, and whether it catches up. Pure.

Kubeflow reads cron with robfig/cron 1.2: six fields that begin with seconds (five are read as six
without the day of the week), Sunday is 0, and no timezone: it runs in its controller's own, UTC
unless its operator set ``CRON_SCHEDULE_TIMEZONE``. So a line is moved there where that is exact,
and refused where it is not, as with a summer time that the other zone does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from jupyter_modelpack.errors import InvalidInput

UTC = "UTC"
_DAY = 24 * 60
_SEARCHED = 366 * 8 + 1  # days: from one 29 February to the next, over a year that has none
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_RANGES = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_ADVICE = "Write five fields, as cron has them: minute, hour, day, month, day of the week."


@dataclass(frozen=True)
class Schedule:
    """Five fields of cron as a person writes them, a timezone of the tz database, and catching up.

    Raises InvalidInput that names the field which cannot be.
    """

    cron: str
    timezone: str = UTC
    catch_up: bool = False

    def __post_init__(self) -> None:
        line = " ".join(_SHORT.get(self.cron.strip().lower(), self.cron).split())
        object.__setattr__(self, "cron", line)
        _read(line)
        _zone(self.timezone)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Schedule:
        """Read ``cron``, ``timezone`` and ``catch_up``; raises InvalidInput."""
        for key in given:
            if key not in ("cron", "timezone", "catch_up"):
                raise _wrong("schedule", f"A schedule has no {str(key)[:40]}.", _ADVICE)
        cron, zone = given.get("cron"), given.get("timezone") or UTC
        catch_up = given.get("catch_up", False)
        if not isinstance(cron, str) or not isinstance(zone, str) or not isinstance(catch_up, bool):
            raise _wrong("schedule", "A schedule needs a cron line.", _ADVICE)
        return cls(cron, zone, catch_up)

    def to_json(self) -> dict[str, Any]:
        """Return what ``parse`` reads."""
        return {"cron": self.cron, "timezone": self.timezone, "catch_up": self.catch_up}

    def at(self, zone: str, now: datetime) -> str:
        """Return the six fields by which a Kubeflow whose clock is in ``zone`` runs it.

        Raises InvalidInput where no line there means the same all year.
        """
        minutes, hours, days, months, weekdays = _read(self.cron)
        shift = _difference(self.timezone, zone, now)
        given = self.cron.split()
        if shift is None:
            raise _wrong(
                "timezone",
                f"Kubeflow runs schedules in {zone}, which does not keep step with {self.timezone}"
                " all year.",
                f"Say the time in {zone}; or ask for Kubeflow's CRON_SCHEDULE_TIMEZONE to be"
                f" {self.timezone}, and say so here (kubeflow_timezone).",
            )
        stars = [field in ("*", "?") for field in given]
        if shift:
            moved = [divmod(h * 60 + m - shift, _DAY) for h in hours for m in minutes]
            over, times = {day for day, _ in moved}, {time for _, time in moved}
            hours, minutes = {time // 60 for time in times}, {time % 60 for time in times}
            any_date = stars[2] and stars[3]
            if len(over) == 1 and any_date:
                weekdays = {(day + min(over)) % 7 for day in weekdays}
            elif over != {0} and not (any_date and stars[4]):
                raise self._no_line(zone)
            if len(times) != len(hours) * len(minutes):
                raise self._no_line(zone)
        found = (minutes, hours, days, months, weekdays)
        counts = (60, 24, 0, 0, 0)  # a full list of days is not a star: cron takes either day then
        texts = [
            "*" if star or len(values) == count else ",".join(map(str, sorted(values)))
            for values, count, star in zip(found, counts, (False, False, *stars[2:]), strict=True)
        ]
        return " ".join(("0", *texts))

    def next_after(self, now: datetime) -> datetime | None:
        """Return when it runs next, in UTC; None where no such day comes.

        A time of day that the clocks leave out in spring is left out.
        """
        minutes, hours, days, months, weekdays = _read(self.cron)
        zone = _zone(self.timezone)
        today = now.astimezone(zone).date()
        times = [(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)]
        # where both kinds of days are named, cron takes either
        either = not {"*", "?"} & set(self.cron.split()[2::2])
        for day in (today + timedelta(days=number) for number in range(_SEARCHED)):
            named = (day.day in days, day.isoweekday() % 7 in weekdays)
            if day.month not in months or not (any(named) if either else all(named)):
                continue
            for hour, minute in times:
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                found = local.astimezone(timezone.utc)
                there = found.astimezone(zone)
                if found > now and (there.hour, there.minute) == (hour, minute):
                    return found
        return None

    def _no_line(self, zone: str) -> InvalidInput:
        return _wrong(
            "cron",
            f"{self.cron} in {self.timezone} is no single line of cron in {zone}.",
            f"Say the time in {zone}.",
        )


def _read(line: str) -> list[set[int]]:
    fields = line.split(" ")
    if len(fields) != 5:
        raise _wrong("cron", f"{line[:60]!r} is no schedule.", _ADVICE)
    found = [_values(text, *_RANGES[index]) for index, text in enumerate(fields)]
    found[4] = {day % 7 for day in found[4]}
    return found


def _values(text: str, what: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            begin, end = low, high
        else:
            begin = _number(first, low, names)
            end = _number(last, low, names) if dash else (high if slash else begin)
        by = int(step) if step.isdecimal() and len(step) < 4 else (1 if not slash else 0)
        if not low <= begin <= end <= high or by < 1:
            raise _wrong("cron", f"{text[:40]!r} is no {what} of a schedule.", _ADVICE)
        found |= set(range(begin, end + 1, by))
    return found


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    return int(text) if text.isdecimal() and len(text) < 3 else -1


def _zone(name: str) -> timezone | ZoneInfo:
    if name == UTC:
        return timezone.utc
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise _wrong(
            "timezone",
            f"There is no timezone {name[:40]!r} here.",
            "Write it as the tz database has it, such as Europe/Zurich or UTC.",
        ) from error


def _difference(ours: str, theirs: str, now: datetime) -> int | None:
    """Return by how many minutes our clock is ahead of theirs; None where that changes soon."""
    if ours == theirs:
        return 0
    here, there = _zone(ours), _zone(theirs)
    found = set()
    for day in range(0, 731, 7):
        moment = (now + timedelta(days=day)).astimezone(timezone.utc)
        one, other = moment.astimezone(here).utcoffset(), moment.astimezone(there).utcoffset()
        found.add(((one or timedelta()) - (other or timedelta())).total_seconds() / 60)
    if len(found) != 1:
        return None
    (minutes,) = found
    return int(minutes) if minutes == int(minutes) else None


def _wrong(field: str, message: str, advice: str) -> InvalidInput:
    return InvalidInput(message, field=field, advice=advice)

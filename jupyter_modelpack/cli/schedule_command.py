"""``schedule``: releases that run at Kubeflow again and again: added, listed, paused, removed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.cli.arguments import beginning, pairs, workshop
from jupyter_modelpack.cli.runs_command import elsewhere
from jupyter_modelpack.cli.terminal import print_json, print_table, say
from jupyter_modelpack.errors import InvalidInput

if TYPE_CHECKING:
    from jupyter_modelpack.services.scheduled import Scheduled
    from jupyter_modelpack.services.schedules import Schedules


def run(arguments: argparse.Namespace) -> int:
    """Do one of the actions, and print the schedules that it is about."""
    from jupyter_modelpack.services.schedules import Schedules

    shop = workshop(arguments)
    there = elsewhere(shop, arguments)
    found = Schedules(shop.ledger.packages, there.destinations()["kubeflow"], there.book)
    if arguments.action == "list":
        listed = found.list(arguments.what)
        if arguments.json:
            print_json({"schedules": [each.to_json() for each in listed]})
        else:
            _print(listed)
        return 0
    if not arguments.what:
        raise InvalidInput(
            f"What is to be done with which {_NOUN[arguments.action]}?",
            field="what",
            advice=f"jupyter modelpack schedule {arguments.action} WHAT",
        )
    if arguments.action == "add":
        shown = _added(arguments, found, shop.packages.resolve(arguments.what))
    else:
        advice = "jupyter modelpack schedule list shows them."
        one = beginning(found.list(), arguments.what, "schedule", advice)
        if arguments.action == "remove":
            found.remove(one.id)
            if arguments.json:
                print_json({"removed": one.id})
            else:
                say("The schedule {} of {} {} is gone.", one.id, one.name, one.version)
            return 0
        shown = found.enable(one.id, arguments.action == "resume")
    if arguments.json:
        print_json(shown.to_json())
    else:
        _print([shown])
        say("  {}", shown.link)
    return 0


_NOUN = {"add": "release", "pause": "schedule", "resume": "schedule", "remove": "schedule"}


def _added(
    arguments: argparse.Namespace, schedules: Schedules, release: Mapping[str, Any]
) -> Scheduled:
    from jupyter_modelpack.adapters.identity import os_user
    from jupyter_modelpack.pipeline.schedule import Schedule
    from jupyter_modelpack.services.scheduled import ScheduleRequest

    asked = release.get("schedule") or {}
    if arguments.cron:
        asked = {
            "cron": arguments.cron,
            "timezone": arguments.timezone,
            "catch_up": arguments.catch_up,
        }
    if not asked:
        raise InvalidInput(
            "Nothing says when it is to run.",
            field="cron",
            advice='Give a line of cron, such as --cron "30 2 * * *".',
        )
    request = ScheduleRequest(
        name=release["name"],
        version=release["version"],
        schedule=Schedule.parse(asked),
        parameters=pairs(arguments.parameters, "-p"),
        requested_by=os_user().username,
    )
    return schedules.start(request)


def _print(found: Any) -> None:
    rows = [
        (
            each.id[:12],
            f"{each.name} {each.version}",
            f"{each.schedule.get('cron', each.cron)} {each.schedule.get('timezone', '')}".strip(),
            "runs" if each.enabled else "paused",
            f"promotion to {each.environment}" if each.environment else each.by,
        )
        for each in found
    ]
    print_table(rows, ("schedule", "package", "when", "state", "by"))

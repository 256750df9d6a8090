"""``policy``: who may do what, where; and changing that, with the approvals that it asks for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.cli.arguments import releases, team_workshop
from jupyter_modelpack.cli.terminal import console, print_json, print_table
from jupyter_modelpack.errors import InvalidInput


def run(arguments: argparse.Namespace) -> int:
    """Show the policy, adopt the file, or propose, approve or reject another one."""
    return {
        "show": _show,
        "adopt": _adopt,
        "propose": _propose,
        "approve": _answer,
        "reject": _answer,
    }[arguments.action](arguments)


def _show(arguments: argparse.Namespace) -> int:
    found, actor = releases(arguments)
    view = found.policy(actor)
    if arguments.json:
        print_json(view)
        return 0
    state = "in force" if view["in_force"] else view["problem"]
    console.print(f"[bold]{view['name']}[/]  {state}", soft_wrap=True)
    rows = [
        (each["environment"], each["action"], each["who"], "; ".join(each["conditions"]))
        for each in view["rulings"]
    ]
    print_table(rows, ("where", "what", "who", "when"))
    for change in view["changes"]:
        if change["phase"] == "Waiting":
            _print(change)
    return 0


def _adopt(arguments: argparse.Namespace) -> int:
    _demand_reason(arguments)
    found, actor = releases(arguments)
    adopt = getattr(found, "adopt_policy", None)
    if adopt is None:
        raise InvalidInput(
            "The file of the release service is not on this machine.",
            field="action",
            advice="Propose yours: jupyter modelpack policy propose --file FILE --reason TEXT",
        )
    adopted = adopt(actor, arguments.reason)
    if arguments.json:
        print_json(adopted)
    else:
        console.print(f"The policy {adopted['name']} is in force.")
    return 0


def _propose(arguments: argparse.Namespace) -> int:
    _demand_reason(arguments)
    place = arguments.file or team_workshop(arguments).data_dir / "policy.yaml"
    try:
        text = place.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(f"There is no policy in {place}.", field="file") from None
    found, actor = releases(arguments)
    return _told(arguments, found.propose_policy(actor, text, arguments.reason))


def _answer(arguments: argparse.Namespace) -> int:
    from jupyter_modelpack.services.promotions import Vote

    yes = arguments.action == "approve"
    if not arguments.id:
        raise InvalidInput(
            "Which proposed policy?", field="id", advice="See: jupyter modelpack policy show"
        )
    if not yes:
        _demand_reason(arguments)
    found, actor = releases(arguments)
    return _told(arguments, found.answer_policy(arguments.id, actor, Vote(yes, arguments.reason)))


def _told(arguments: argparse.Namespace, change: Mapping[str, Any]) -> int:
    if arguments.json:
        print_json(change)
    else:
        _print(change)
    return 0


def _print(change: Mapping[str, Any]) -> None:
    told = f"{change['id']}  {change['sentence']} {change['requested_by']}: {change['reason']}"
    console.print(told, markup=False, soft_wrap=True)


def _demand_reason(arguments: argparse.Namespace) -> None:
    if not arguments.reason.strip():
        raise InvalidInput("A policy change needs a reason.", field="reason")

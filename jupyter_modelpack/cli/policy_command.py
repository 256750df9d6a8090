"""``policy``: who may do what, where; and putting the edited file in force."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import releases
from jupyter_modelpack.cli.terminal import console, print_json, print_table
from jupyter_modelpack.errors import InvalidInput


def run(arguments: argparse.Namespace) -> int:
    """Show the policy of the file, or adopt it."""
    from jupyter_modelpack.release.jurisdiction import jurisdiction

    found, actor = releases(arguments)
    if arguments.action == "adopt":
        if not arguments.reason.strip():
            raise InvalidInput("A policy change needs a reason.", field="reason")
        adopted = found.adopt_policy(actor, arguments.reason)
        if arguments.json:
            print_json(adopted)
        else:
            console.print(f"The policy {adopted['name']} is in force.")
        return 0
    policy = found.policies.current()
    in_force = found.policies.in_force()
    is_so = in_force is not None and in_force.digest == policy.digest
    if arguments.json:
        print_json({"policy": policy.to_json(), "digest": str(policy.digest), "in_force": is_so})
        return 0
    state = "in force" if is_so else "changed, but not in force: jupyter modelpack policy adopt"
    console.print(f"[bold]{policy.name}[/]  {state}", soft_wrap=True)
    rows = [(r.environment, r.action, r.who, "; ".join(r.conditions)) for r in jurisdiction(policy)]
    print_table(rows, ("where", "what", "who", "when"))
    return 0

"""What the commands of promotion print: a promotion, and the checks that refuse one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.text import Text

from jupyter_modelpack.cli.terminal import console, errors, print_json
from jupyter_modelpack.errors import GateNotSatisfied

_SIGNS = {
    "passed": ("✓", "green"),
    "failed": ("✕", "red"),
    "unknown": ("?", "yellow"),
    "waiting": ("◌", "yellow"),
    "pass": ("✓", "green"),
    "fail": ("✕", "red"),
}


def print_promotion(promotion: Mapping[str, Any], *, as_json: bool) -> int:
    """Print a promotion and return the exit code: 1 for one that was refused."""
    refused = promotion["phase"] in ("Failed", "Errored", "Rejected")
    if as_json:
        print_json(promotion)
        return int(refused)
    name, version = promotion["name"], promotion["version"]
    console.print(
        Text.assemble((f"{name} {version}", "bold"), f"  {promotion['sentence']}"), soft_wrap=True
    )
    if promotion["phase"] == "Waiting":
        print_checks(promotion["checks"])
        console.print(Text(f"Its id is {promotion['id']}", "dim"), soft_wrap=True)
    return int(refused)


def print_checks(checks: Iterable[Mapping[str, Any]], *, to_errors: bool = False) -> None:
    """Print checks that do not pass, each with what to do, and count those that do."""
    target = errors if to_errors else console
    good = 0
    for check in checks:
        outcome = str(check.get("outcome") or check.get("answer"))
        if outcome in ("passed", "pass"):
            good += 1
            continue
        sign, style = _SIGNS[outcome]
        detail = f": {check['detail']}" if check["detail"] else ""
        target.print(Text.assemble((f"{sign} ", style), f"{check['sentence']}{detail}"))
        if check["advice"]:
            target.print(Text(f"  {check['advice']}", "dim"))
    target.print(Text(f"✓ {good} other checks passed", "dim"))


@contextmanager
def showing_checks(*, as_json: bool) -> Iterator[None]:
    """Print the checks of a refusal before it is reported."""
    try:
        yield
    except GateNotSatisfied as error:
        if not as_json:
            print_checks(error.details.get("checks", ()), to_errors=True)
        raise

"""``package``: make the image, run it sealed, and record it."""

from __future__ import annotations

import argparse
import signal
import threading

from jupyter_modelpack.adapters.identity import os_user
from jupyter_modelpack.cli.arguments import limits_of, notebook_path, pairs, registry_of, workshop
from jupyter_modelpack.cli.terminal import (
    StepDisplay,
    errors,
    print_findings,
    print_json,
    say,
    seconds,
    size,
)
from jupyter_modelpack.errors import BackendError, GateNotSatisfied, InvalidInput
from jupyter_modelpack.release.version import checked_line
from jupyter_modelpack.services.packaging_types import PackageRequest, PackageResult


def run(arguments: argparse.Namespace) -> int:
    """Package one notebook and print what came out."""
    if arguments.source == "base" or arguments.base:
        raise InvalidInput(
            "Packaging on a base image is not part of this version.",
            field="source",
            advice="Leave --source and --base away: the kernel's own files are captured.",
        )
    limits = {**limits_of(arguments), **registry_of(arguments)}
    if arguments.time_limit:
        limits["verify_seconds"] = arguments.time_limit
    request = PackageRequest(
        path=str(notebook_path(arguments.notebook)),
        name=arguments.name,
        verify=not arguments.no_verify,
        network=arguments.allow_network,
        compression=arguments.compression,
        settings=pairs(arguments.settings, "--setting"),
        requested_by=os_user().username,
        line=checked_line(arguments.line) if arguments.line else "",
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with StepDisplay(quiet=arguments.json) as display:
        try:
            result = workshop(arguments, **limits).package(request, display, stop.is_set)
        except (GateNotSatisfied, BackendError) as error:
            if not arguments.json:
                display.print_log()
            if not arguments.json and isinstance(error, GateNotSatisfied):
                print_findings(display.found, errors)
            raise
    if arguments.json:
        print_json(result.record)
    else:
        _print(result)
    return 0


def _print(result: PackageResult) -> None:
    record = result.record
    print_findings(record["findings"])
    say("\n[bold]{} {}[/]  {}", result.name, result.version, record["why"])
    if result.unchanged:
        say("Nothing changed: this is the package you already had.")
    verified = record["verified"]
    sign = "[green]✓[/]" if verified["phase"] == "Succeeded" else "[yellow]▲[/]"
    say(sign + " {}", verified["text"])
    if record["checks"]:
        passed = sum(bool(check["passed"]) for check in record["checks"])
        say("[green]✓[/] {} of {} checks passed.", passed, len(record["checks"]))
    for name, value in record["metrics"].items():
        say("  {} [bold]{}[/]", name, value)
    layers = len(record["layers"])
    reused = record["reused_layers"]
    there = f", {reused} were there already" if reused else ""
    say(
        "{} in {} layers{}; yours: {}",
        size(record["size"]),
        layers,
        there,
        size(record["own_size"]),
    )
    say("{}", record.get("registry") or record["digest"])
    published = record.get("published") or {}
    if "problem" in published:
        say("[yellow]▲[/] {}", published["problem"])
        say("  [dim]{}[/]", published["advice"])
    say("[dim]in {}[/]", seconds(record["seconds"]["total"]))

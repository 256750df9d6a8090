"""``run``: run a package, streaming what the notebook prints."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import uuid
from pathlib import Path

from jupyter_modelpack.cli.arguments import limits_of, pairs, workshop
from jupyter_modelpack.cli.inputs_read import print_inputs
from jupyter_modelpack.cli.terminal import print_json, say, seconds
from jupyter_modelpack.errors import InvalidInput


def run(arguments: argparse.Namespace) -> int:
    """Run the package; the exit code is 1 when a cell or a check failed, 3 when the run broke."""
    from jupyter_modelpack.services.running import RunOrder

    if arguments.backend != "local":
        from jupyter_modelpack.cli.runs_command import start

        return start(arguments)
    if arguments.offers or arguments.pod_defaults:
        raise InvalidInput(
            "A run on this machine has no PodDefaults.",
            field="offers" if arguments.offers else "pod_defaults",
            advice="Say which cluster it goes to: --backend kubernetes.",
        )
    if arguments.detach:
        raise InvalidInput(
            "A run on this machine ends with the command that started it.",
            field="detach",
            advice="Leave --detach away, or run it on a cluster: --backend kubernetes.",
        )
    shop = workshop(arguments, **limits_of(arguments))
    release = shop.packages.resolve(arguments.release)
    identity = uuid.uuid4().hex
    work_dir = arguments.output or Path(shop.data_dir) / "runs" / identity / "work"
    order = RunOrder(
        name=release["name"],
        version=release["version"],
        parameters=pairs(arguments.parameters, "-p"),
        network=arguments.allow_network,
        work_dir=Path(work_dir).resolve(),
        run_id=identity,
        settings=pairs(arguments.settings, "--setting"),
        inputs=pairs(arguments.inputs, "--input"),
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    log = (lambda text: None) if arguments.json else _write
    record = shop.run(order, lambda event: None, log, stop.is_set)
    if arguments.json:
        print_json(record)
    else:
        _print(record)
    return {"Succeeded": 0, "Failed": 1, "Aborted": 1}.get(record["phase"], 3)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _print(record: dict[str, object]) -> None:
    isolation = record["isolation"]
    assert isinstance(isolation, dict)
    took = seconds(float(str(record["seconds"])))
    say("\n{} in {}. {}", record["phase"], took, isolation["sentence"])
    error = record["error"]
    if isinstance(error, dict):
        place = f"cell {error['cell']}: " if error.get("cell") else ""
        said = f"{error.get('ename', '')}: {error.get('evalue', '')}".strip(": ")
        say("[red]✕[/] {}{}", place, said)
    checks = record["checks"]
    assert isinstance(checks, (list, tuple))
    for check in checks:
        sign = "[green]✓[/]" if check["passed"] else "[red]✕[/]"
        message = "" if check["passed"] else f": {check.get('message', '')}"
        say(sign + " check in cell {}{}", check["cell"], message)
    metrics = record["metrics"]
    assert isinstance(metrics, dict)
    for name, value in metrics.items():
        say("  {} [bold]{}[/]", name, value)
    print_inputs(record)
    outputs = record["outputs"]
    assert isinstance(outputs, (list, tuple))
    for output in outputs:
        say("  wrote {}", output["path"])
    if record["executed_notebook"]:
        say("  the notebook as it ran: {}", record["executed_notebook"])

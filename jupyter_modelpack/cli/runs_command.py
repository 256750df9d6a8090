"""``runs``: runs on a cluster, listed, followed to their end, or stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.cli.arguments import beginning, pairs, workshop
from jupyter_modelpack.cli.cluster_offers import show_offers, with_volumes
from jupyter_modelpack.cli.inputs_read import print_inputs
from jupyter_modelpack.cli.terminal import print_json, print_table, say
from jupyter_modelpack.errors import InvalidInput

if TYPE_CHECKING:
    from jupyter_modelpack.elsewhere import Elsewhere
    from jupyter_modelpack.services.runs import Runs
    from jupyter_modelpack.services.work import Work
    from jupyter_modelpack.workshop import Workshop

_LOOK_SECONDS = 0.5


def run(arguments: argparse.Namespace) -> int:
    """List runs, or show one; with ``--wait`` or ``--stop`` until it is over."""
    shop = workshop(arguments)
    table = shop.ledger.work
    if not arguments.run:
        found = table.list("run")
        if arguments.json:
            print_json({"runs": [as_json(work) for work in found]})
        else:
            rows = [
                (w.id[:12], f"{w.name} {w.version}", w.backend, w.phase, _stage(w)) for w in found
            ]
            print_table(rows, ("run", "package", "backend", "phase", "stage"))
        return 0
    work = beginning(table.list("run"), arguments.run, "run", "jupyter modelpack runs lists them.")
    if arguments.retry:
        return _again(shop, arguments, work)
    if arguments.stop and not work.over:
        table.ask_stop("run", work.id, time.time())
    if (arguments.wait or arguments.stop) and not work.over:
        return follow(shop, elsewhere(shop, arguments), work.id, arguments.json)
    return shown(table.get("run", work.id), arguments.json)


def _again(shop: Workshop, arguments: argparse.Namespace, work: Work) -> int:
    """Try a run again, and follow the next try to its end."""
    from jupyter_modelpack.adapters.identity import os_user

    if work.backend == "local":
        raise InvalidInput(
            "A run on this machine is made anew.",
            field="retry",
            advice=f"jupyter modelpack run {work.name}:{work.version}",
        )
    there = elsewhere(shop, arguments)
    again = _runs(shop, there).retry(work.id, os_user().username)
    return follow(shop, there, again.id, arguments.json)


def start(arguments: argparse.Namespace) -> int:
    """Start a run on a cluster, and follow it unless it is to go on alone."""
    from jupyter_modelpack.adapters.identity import os_user
    from jupyter_modelpack.services.runs import RunRequest

    if arguments.inputs or arguments.settings:
        raise InvalidInput(
            "A run on a cluster takes its files and secrets from there.",
            field="options",
            advice='Name them in --options FILE: {"mounts": [...], "secrets": [...]}.',
        )
    shop = workshop(arguments)
    release = shop.packages.resolve(arguments.release)
    there = elsewhere(shop, arguments)
    if arguments.offers:
        return show_offers(there, arguments.backend, release, arguments.json)
    request = RunRequest(
        name=release["name"],
        version=release["version"],
        parameters=pairs(arguments.parameters, "-p"),
        requested_by=os_user().username,
        backend=arguments.backend,
        options=with_volumes(
            there, arguments.backend, release, _options(arguments), quiet=arguments.json
        ),
        pod_defaults=tuple(arguments.pod_defaults),
    )
    work = _runs(shop, there).start(request)
    if not arguments.detach:
        return follow(shop, there, work.id, arguments.json)
    while not work.over and not work.state.get("place"):
        time.sleep(0.05)
        work = shop.ledger.work.get("run", work.id)
    there.close()
    return shown(work, arguments.json)


def _runs(shop: Workshop, there: Elsewhere) -> Runs:
    from jupyter_modelpack.adapters.log_files import LogFiles
    from jupyter_modelpack.services.runs import Runs

    return Runs(
        shop.ledger.work,
        LogFiles(shop.data_dir / "logs"),
        shop.ledger.packages,
        there,
        lambda _notebook: "",
        shop.data_dir / "runs",
        time.time,
        lambda: uuid.uuid4().hex,
        there.destinations(),
    )


def elsewhere(shop: Workshop, arguments: argparse.Namespace) -> Elsewhere:
    """Return the backends that the command line names."""
    from jupyter_modelpack.elsewhere import Elsewhere

    names = ("kubeconfig", "context", "namespace", "image", "results", "results_secret")
    settings = {f"kubernetes_{name}": getattr(arguments, name, None) or "" for name in names}
    for name in ("registry_ca", "registry_insecure", "registry_auth_file"):
        settings[name] = getattr(arguments, name, "")
    for name in ("url", "token_file", "cookie_file", "user", "experiment", "timezone"):
        settings[f"kubeflow_{name}"] = getattr(arguments, f"kubeflow_{name}", None) or ""
    settings["kubeflow_namespace"] = settings["kubernetes_namespace"]
    return Elsewhere(lambda: shop.ledger, shop.data_dir, settings, lambda _event: None)


def follow(shop: Workshop, there: Elsewhere, ident: str, as_data: bool) -> int:
    """Print the log of a run to its end; an interrupt stops the run."""
    from jupyter_modelpack.adapters.log_files import LogFiles

    logs = LogFiles(shop.data_dir / "logs")
    table = shop.ledger.work
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    offset, asked, said = 0, False, 0
    there.kick()
    try:
        while True:
            work = table.get("run", ident)
            if stop.is_set() and not asked and not work.over:
                asked = True
                table.ask_stop("run", ident, time.time())
                there.kick()
            if not as_data:
                chunk = logs.read(ident, offset)
                offset = chunk.next_offset
                sys.stdout.write(chunk.text)
                sys.stdout.flush()
                events = work.state.get("events") or []
                for event in events[said:]:
                    say("[yellow]![/] {} {}", event["sentence"], event["advice"])
                said = len(events)
            if work.over:
                return shown(work, as_data)
            stop.wait(_LOOK_SECONDS) if not asked else time.sleep(_LOOK_SECONDS)
    finally:
        there.close()


def shown(work: Work, as_data: bool) -> int:
    """Print a run, and return the exit code that its phase stands for."""
    if as_data:
        print_json(as_json(work))
    else:
        place = work.state.get("place") or {}
        named = [str(place[key]) for key in ("namespace", "job", "run") if place.get(key)]
        job = "/".join(named) or work.backend
        where = place.get("link") or job
        say("\n{} ({}): run {}", work.phase, where, work.id[:12])
        if work.state.get("unknown_since"):
            say("  [yellow]the cluster does not answer; what is shown was true before[/]")
        error = work.state.get("error")
        if error:
            say("[red]✕[/] {} {}", error["message"], error["advice"])
        for name, value in (work.state.get("metrics") or {}).items():
            say("  {} [bold]{}[/]", name, value)
        print_inputs(work.state)
        for output in work.state.get("outputs") or ():
            left = " (too large for the log; set ModelPack.kubernetes_results, or mount a claim)"
            say("  wrote {}{}", output["path"], left if output.get("left_behind") else "")
        left_at = work.state.get("left_at") or {}
        if left_at.get("artifact"):
            say("  all of it is also at {}", left_at["artifact"])
        if left_at.get("problem"):
            say("[yellow]○[/] It did not come from the registry: {}", left_at["problem"])
        if work.state.get("executed_notebook"):
            say("  the notebook as it ran: {}", work.state["executed_notebook"])
    good = ("Succeeded", "Pending", "Running")
    return 0 if work.phase in good else {"Failed": 1, "Aborted": 1}.get(work.phase, 3)


def as_json(work: Work) -> dict[str, Any]:
    """Return a run as the command line prints it."""
    state = work.state
    took = None
    if work.started is not None and work.finished is not None:
        took = round(work.finished - work.started, 3)
    return {
        "run": work.id,
        "name": work.name,
        "version": work.version,
        "backend": work.backend,
        "phase": work.phase,
        "stage": state.get("stage"),
        "place": state.get("place"),
        "events": state.get("events") or [],
        "unknown_since": state.get("unknown_since"),
        "parameters": state.get("parameters") or {},
        "metrics": state.get("metrics") or {},
        "checks": state.get("checks") or [],
        "outputs": state.get("outputs") or [],
        "inputs": state.get("inputs") or [],
        "data_changed": state.get("data_changed"),
        "options": work.request.get("options") or {},
        "pod_defaults": work.request.get("pod_defaults") or [],
        "executed_notebook": state.get("executed_notebook"),
        "error": state.get("error"),
        "isolation": state.get("isolation"),
        "seconds": took,
    }


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of a file, with those of the command line over them."""
    import yaml

    options: dict[str, Any] = {}
    if arguments.options:
        try:
            found = yaml.safe_load(arguments.options.read_text("utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InvalidInput(
                f"{arguments.options} cannot be read.", field="options", advice=str(error)[:200]
            ) from error
        if not isinstance(found, dict):
            raise InvalidInput(f"{arguments.options} is not a mapping.", field="options")
        options = found
    for name in ("requests", "limits", "labels"):
        given = pairs(getattr(arguments, name), f"--{name[:-1]}")
        if given:
            options[name] = {**(options.get(name) or {}), **given}
    if arguments.time_limit is not None:
        options["time_limit"] = arguments.time_limit
    return options


def _stage(work: Work) -> str:
    if work.over:
        return ""
    if work.state.get("unknown_since"):
        return "unknown: the cluster does not answer"
    return str(work.state.get("stage") or "")

"""``jupyter modelpack``: parse the command line, call one command, turn errors into exit codes."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_modelpack import errors

EXIT_CODES: tuple[tuple[type[errors.ModelPackError], int], ...] = (
    (errors.InvalidInput, 2),
    (errors.NotFound, 2),
    (errors.NotPermitted, 1),
    (errors.Conflict, 1),
    (errors.GateNotSatisfied, 1),
    (errors.Aborted, 1),
    (errors.ModelPackError, 3),
)

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 no, 2 wrong use, 3 something broke."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a name may have signs that the terminal's encoding lacks, or bytes that are no text
            stream.reconfigure(errors="backslashreplace")
    top = parser()
    arguments, more = top.parse_known_args(argv)
    arguments.passed_on = more
    if more and not getattr(arguments, "passes_on", False):
        top.error(f"unrecognized arguments: {' '.join(more)}")
    command: Command = arguments.command
    try:
        return command(arguments)
    except errors.ModelPackError as error:
        _report(arguments, error.code, error.message, error.advice, dict(error.details))
        return next(code for kind, code in EXIT_CODES if isinstance(error, kind))
    except KeyboardInterrupt:
        _report(arguments, "ABORTED", "Stopped.", "Nothing that existed before was changed.", {})
        return 1
    except BrokenPipeError:  # the reader of our output went away: not an error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("MODELPACK_DEBUG"):
            traceback.print_exc()
        _report(
            arguments,
            "BUG",
            f"Something broke inside jupyter_modelpack: {type(error).__name__}: {error}",
            "Set MODELPACK_DEBUG=1 and run it again to see where; please report it.",
            {},
        )
        return 3


def _report(
    arguments: argparse.Namespace, code: str, message: str, advice: str, details: dict[str, object]
) -> None:
    if getattr(arguments, "json", False):
        body = {"code": code, "message": message, "advice": advice, "details": details}
        print(json.dumps({"error": body}, default=str), file=sys.stderr)
        return
    ended = message if not advice or message.endswith((".", "!", "?", ":")) else f"{message}."
    print(f"{ended} {advice}".strip(), file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="jupyter modelpack",
        description="Package a notebook as a sealed image that has run, run it again, promote it.",
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def add(
        name: str, help_text: str, command: str, *, team: bool = False
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_text, description=help_text)
        sub.add_argument("--json", action="store_true", help="print JSON, for programs")
        sub.add_argument(
            "--data-dir", type=Path, help="where images and records are kept", metavar="DIR"
        )
        sub.add_argument(
            "--database-url", metavar="URL", help="the ledger's database (default: a file there)"
        )
        sub.add_argument(
            "--database-url-file", metavar="FILE", help="a file with the database's address in it"
        )
        if team:
            sub.add_argument(
                "--service", default="", metavar="URL",
                help="the team's release service (default: MODELPACK_SERVICE_URL)",
            )  # fmt: skip
        sub.set_defaults(command=_lazily(command))
        return sub

    inspect = add("inspect", "Say what stands in the way of packaging a notebook.", "inspect")
    inspect.add_argument("notebook", metavar="NOTEBOOK", type=Path)

    package = add("package", "Package a notebook and run the image, sealed.", "package")
    package.add_argument("notebook", metavar="NOTEBOOK", type=Path)
    package.add_argument("--name", help="the package's name (default: the notebook's)")
    package.add_argument("--source", choices=("capture", "base"), default="capture")
    package.add_argument("--base", metavar="REF", help=argparse.SUPPRESS)
    package.add_argument("--compression", choices=("none", "gzip", "zstd"), default="none")
    package.add_argument("--no-verify", action="store_true", help="do not run the image")
    package.add_argument(
        "--allow-network", action="store_true", help="let the verify run use the network"
    )
    package.add_argument(
        "--line", metavar="NAME", help="a named line beside the main one, such as try-xgboost"
    )
    _add_registry(package)
    _add_setting(package)
    package.add_argument(
        "--time-limit", type=_seconds, metavar="SECONDS", help="of the verify run (default: 120)"
    )
    _add_memory_limit(package)

    run = add("run", "Run a package.", "run")
    run.add_argument("release", metavar="RELEASE", help="name, name:version or sha256:...")
    run.add_argument("-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE")
    run.add_argument("--backend", choices=("local", "kubernetes", "kubeflow"), default="local")
    run.add_argument("--detach", action="store_true", help="let a run on a cluster go on by itself")
    _add_cluster(run)
    run.add_argument(
        "--image", metavar="HOST/REPO", help="where the cluster finds the image ({name}: its name)"
    )
    run.add_argument(
        "--options", type=Path, metavar="FILE", help="what a run asks of the cluster, as YAML"
    )
    run.add_argument(
        "--results", metavar="HOST/REPO",
        help="a registry in which the pod leaves what it wrote (default: small files in its log)",
    )  # fmt: skip
    run.add_argument(
        "--results-secret", metavar="NAME", help="the Secret with the pod's login for --results"
    )
    for name in ("request", "limit", "label"):
        run.add_argument(
            f"--{name}", dest=f"{name}s", action="append", default=[], metavar="NAME=VALUE"
        )
    run.add_argument(
        "--offers", action="store_true",
        help="run nothing: show the cluster's PodDefaults, and the volumes that hold the inputs",
    )  # fmt: skip
    run.add_argument("--time-limit", type=_seconds, metavar="SECONDS", help="of a run on a cluster")
    run.add_argument("--allow-network", action="store_true", help="let the run use the network")
    run.add_argument("--output", type=Path, metavar="DIR", help="where the run's files go")
    run.add_argument(
        "--input", dest="inputs", action="append", default=[], metavar="PATH=FILE",
        help="a named external input of the package",
    )  # fmt: skip
    _add_registry_access(run)
    _add_setting(run)
    _add_memory_limit(run)

    runs = add("runs", "List runs, or follow or stop one on a cluster.", "runs")
    runs.add_argument("run", metavar="RUN", nargs="?", help="the beginning of its id")
    runs.add_argument("--wait", action="store_true", help="until it is over, with its log")
    runs.add_argument("--stop", action="store_true", help="ask it to stop, and wait")
    runs.add_argument(
        "--retry", action="store_true",
        help="try one again that did not succeed: at Kubeflow its failed steps, else all of it",
    )  # fmt: skip
    _add_cluster(runs)
    _add_registry_access(runs)

    _add_schedule(add("schedule", "Run releases at Kubeflow again and again.", "schedule"))

    listing = add("list", "List the packages.", "list", team=True)
    listing.add_argument("name", metavar="NAME", nargs="?")
    show = add("show", "Show what is in a package.", "show", team=True)
    show.add_argument("release", metavar="RELEASE", help="name, name:version or sha256:...")

    export = add("export", "Write a package to a file.", "export")
    export.add_argument("release", metavar="RELEASE", help="name, name:version or sha256:...")
    export.add_argument(
        "--format",
        required=True,
        choices=("oci-archive", "docker-archive", "kubeflow", "kubernetes"),
    )
    export.add_argument("-o", "--output", required=True, type=Path, metavar="FILE")
    export.add_argument("--force", action="store_true", help="overwrite FILE")
    export.add_argument(
        "--image",
        metavar="HOST/REPO",
        help="where a cluster finds the image (kubeflow, kubernetes)",
    )

    publish = add("publish", "Bring a package to a registry, its digest unchanged.", "publish")
    publish.add_argument("release", metavar="RELEASE", help="name, name:version or sha256:...")
    _add_registry(publish)

    store = add("store", "Look after the image store.", "store")
    store.add_argument("action", choices=("gc", "verify"))
    store.add_argument(
        "--older-than", type=float, default=3600.0, metavar="SECONDS",
        help="gc: keep younger blobs, which a build may be writing (default: 3600)",
    )  # fmt: skip

    _add_release_commands(add)

    service = add("service", "Serve releases to a team: see the operator guide.", "service")
    service.add_argument("--config", type=Path, metavar="FILE", help="its settings")
    service.set_defaults(passes_on=True)
    service.epilog = "Any setting may follow, such as --ReleaseService.port=8190."

    doctor = add(
        "doctor", "Check what works on this machine and what to do where it does not.", "doctor"
    )
    _add_registry(doctor)
    doctor.add_argument("--cluster", action="store_true", help="look at the cluster, too")
    _add_cluster(doctor)
    doctor.add_argument(
        "--folder", default="", metavar="DIR", help="the deploy folder to look at: clusters.yaml"
    )
    doctor.add_argument(
        "--image",
        metavar="HOST/REPO[@DIGEST]",
        help="a registry to look at, and by digest an image that the cluster is to pull",
    )
    return top


def _add_schedule(schedule: argparse.ArgumentParser) -> None:
    schedule.add_argument("action", choices=("add", "list", "pause", "resume", "remove"))
    schedule.add_argument(
        "what", metavar="WHAT", nargs="?", default="",
        help="add: a release; list: a package's name; else the beginning of a schedule's id",
    )  # fmt: skip
    schedule.add_argument("--cron", metavar="LINE", help='add: five fields, such as "30 2 * * *"')
    schedule.add_argument("--timezone", default="UTC", metavar="ZONE", help="such as Asia/Tokyo")
    schedule.add_argument(
        "--catch-up", action="store_true", help="add: make good for runs that were missed"
    )
    schedule.add_argument(
        "-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE",
        help="add: a parameter; may be repeated",
    )  # fmt: skip
    schedule.add_argument("--image", metavar="HOST/REPO", help="where the cluster finds the image")
    _add_cluster(schedule)
    schedule.add_argument(
        "--kubeflow-timezone", metavar="ZONE",
        help="the timezone that Kubeflow runs schedules in (default: UTC)",
    )  # fmt: skip


def _add_release_commands(add: Callable[..., argparse.ArgumentParser]) -> None:
    promote = add("promote", "Bring a release into an environment.", "promote", team=True)
    promote.add_argument("release", metavar="RELEASE", help="name, name:version or sha256:...")
    promote.add_argument("--to", required=True, metavar="ENV", help="such as staging")
    promote.add_argument("--reason", default="", metavar="TEXT", help="why, for the record")
    _add_deployer(promote)

    approve = add("approve", "Say yes to a promotion.", "approve", team=True)
    approve.add_argument("id", metavar="ID", help="from: jupyter modelpack status")
    approve.add_argument("--comment", default="", metavar="TEXT")
    approve.add_argument(
        "--override-secrets",
        action="store_true",
        help="answer for its marked secrets too; --comment says why they are none",
    )
    _add_deployer(approve)
    reject = add("reject", "Say no to a promotion.", "reject", team=True)
    reject.add_argument("id", metavar="ID", help="from: jupyter modelpack status")
    reject.add_argument("--reason", required=True, metavar="TEXT", help="why")

    rollback = add("rollback", "Bring back what an environment held before.", "rollback", team=True)
    rollback.add_argument("release", metavar="NAME", help="name, or name:version (default: last)")
    rollback.add_argument("--in", dest="environment", required=True, metavar="ENV")
    rollback.add_argument("--reason", required=True, metavar="TEXT", help="why, for the record")
    _add_deployer(rollback)

    history = add("history", "Say what ran where, since when, and why.", "history", team=True)
    history.add_argument("name", metavar="NAME", nargs="?", default="")
    history.add_argument("--in", dest="environment", default="", metavar="ENV")
    history.add_argument("--at", default="", metavar="TIME", help="such as 2026-11-17T12:00 (UTC)")

    status = add("status", "Show what the environments hold and what waits.", "status", team=True)
    status.add_argument("name", metavar="NAME", nargs="?", default="")
    status.add_argument("--wait", action="store_true", help="until nothing is under way or waits")

    diff = add("diff", "Say what differs between two releases.", "diff", team=True)
    diff.add_argument("before", metavar="A", help="name, name:version or sha256:...")
    diff.add_argument("after", metavar="B", help="name, name:version or sha256:...")

    audit = add("audit", "Check the audit log.", "audit", team=True)
    audit.add_argument("action", choices=("verify",))
    audit.add_argument(
        "--checkpoint", action="append", default=[], metavar="SIZE:DIGEST",
        help="an older checkpoint that you kept",
    )  # fmt: skip

    policy = add("policy", "Show the policy, or change it.", "policy", team=True)
    policy.add_argument("action", choices=("show", "adopt", "propose", "approve", "reject"))
    policy.add_argument("id", metavar="ID", nargs="?", default="", help="of a proposed policy")
    policy.add_argument("--reason", default="", metavar="TEXT", help="why, for the record")
    policy.add_argument(
        "--file", type=Path, metavar="FILE", help="propose: the policy (default: policy.yaml)"
    )


def _add_deployer(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--deployer", default="record", metavar="NAME", help="record (default), folder or another"
    )
    sub.add_argument("--folder", default="", metavar="DIR", help="where the deployer folder writes")
    _add_registry(sub)


def _add_registry(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--registry", default="", metavar="HOST/REPO",
        help="where images are published, such as registry.example.com/team/{name}",
    )  # fmt: skip
    _add_registry_access(sub)


def _add_registry_access(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--registry-ca", default="", metavar="FILE", help="the registry's CA (PEM)")
    sub.add_argument(
        "--registry-insecure", action="store_true", help="allow plain HTTP to another machine"
    )
    sub.add_argument(
        "--registry-auth-file", default="", metavar="FILE",
        help="credentials: a config.json of Docker or a pull secret (default: where Docker and"
        " podman keep theirs)",
    )  # fmt: skip


def _add_setting(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--setting", dest="settings", action="append", default=[], metavar="NAME=VALUE",
        help="an environment variable that the notebook reads",
    )  # fmt: skip


def _add_cluster(command: argparse.ArgumentParser) -> None:
    for name, metavar in (("kubeconfig", "FILE"), ("context", "NAME"), ("namespace", "NAME")):
        command.add_argument(
            f"--{name}", metavar=metavar, help="of the cluster (default: as kubectl has it)"
        )
    command.add_argument(
        "--pod-default", dest="pod_defaults", action="append", default=[], metavar="NAME",
        help="ask for a PodDefault of the namespace; may be repeated",
    )  # fmt: skip
    for name, metavar, words in (
        ("url", "URL", "the address of Kubeflow Pipelines"),
        ("token-file", "FILE", "a token for it (default: the one in a pod of Kubeflow)"),
        ("cookie-file", "FILE", "the cookie of a login at its page"),
        ("user", "NAME", "who we are, to a proxy that trusts us"),
        ("experiment", "NAME", "the experiment that the run goes to (default: the package's name)"),
    ):
        command.add_argument(f"--kubeflow-{name}", metavar=metavar, help=words)


def _add_memory_limit(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--memory-limit", type=int, metavar="MB", help="of the run (default: this machine's)"
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError("must be more than 0 seconds")
    return value


def _lazily(name: str) -> Command:
    """Return a command that imports its module only when it is called."""

    def command(arguments: argparse.Namespace) -> int:
        from importlib import import_module

        module = import_module(f"jupyter_modelpack.cli.{name}_command")
        result: int = module.run(arguments)
        return result

    return command


if __name__ == "__main__":
    raise SystemExit(main())

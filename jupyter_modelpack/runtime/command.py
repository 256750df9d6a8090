"""The command line of an image: ``run`` the notebook, or ``describe`` what is packaged."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import os
import shutil
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Optional, Sequence, Tuple

from .handover import Handover
from .inputs import input_facts, mounted
from .kubeflow import executor_output, json_object, parameter_values
from .manifest import Manifest, read_object
from .memory import limit_memory
from .notebook import Plan, make_plan, only_step, whole
from .recorder import Recorder, dumped
from .refusal import Breakage, Refusal
from .report import Report
from .values import chosen
from .workspace import populate

if TYPE_CHECKING:
    from .session import Session

_EXIT_SECONDS = 5.0


def main(given: Optional[Sequence[str]] = None) -> int:
    """Do what the arguments say; exits 0 done, 1 failed, 2 wrong use, 3 broke, 4 time limit."""
    words = list(sys.argv[1:] if given is None else given)
    if words[1:2] == ["/opt/modelpack"]:
        words = words[2:]  # an engine that keeps the entry point and also repeats it
    arguments = _parser().parse_args(words or ["run"])
    app = arguments.app or Path(__file__).resolve().parents[3] / "app"
    try:
        if arguments.verb == "describe":
            sys.stdout.write(dumped(read_object(app / "modelpack.json"), indent=2) + "\n")
            return 0
        code = _run(arguments, app)
    except Refusal as refusal:
        sys.stderr.write(str(refusal) + "\n")
        _note(arguments, "Refused", str(refusal))
        return refusal.exit_code
    except Exception as error:
        traceback.print_exc(file=sys.__stderr__)
        _note(arguments, type(error).__name__, str(error))
        code = Breakage.exit_code
    _leave(code)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modelpack", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("run", "describe"):
        options = verbs.add_parser(verb)
        options.add_argument("--app", type=Path, help=argparse.SUPPRESS)
        if verb == "describe":
            continue
        options.add_argument("-p", dest="pairs", action="append", default=[], metavar="NAME=VALUE")
        options.add_argument("--parameters", default="{}", metavar="JSON", help="or @FILE")
        options.add_argument("--output", type=Path, default=Path(".modelpack"), metavar="DIR")
        options.add_argument("--time-limit", type=float, metavar="SECONDS")
        options.add_argument("--memory-limit", type=int, metavar="BYTES")
        options.add_argument("--metrics", type=Path, metavar="PATH")
        options.add_argument("--executed-notebook", type=Path, metavar="PATH")
        options.add_argument("--executor-input", default="{}", metavar="JSON")
        options.add_argument("--parameter-names", default="{}", metavar="JSON")
        options.add_argument("--step", metavar="NAME", help="run one step of the pipeline")
        _add_values(options, "--load", ("VARIABLE", "FOLDER"))
        _add_values(options, "--save", ("ARTIFACT", "VARIABLE", "FOLDER"))
    return parser


def _add_values(options: argparse.ArgumentParser, flag: str, words: Tuple[str, ...]) -> None:
    options.add_argument(flag, nargs=len(words), action="append", default=[], metavar=words)


def _run(arguments: argparse.Namespace, app: Path) -> int:
    manifest = Manifest.read(app)
    executor_input = json_object(arguments.executor_input, "--executor-input")
    names = json_object(arguments.parameter_names, "--parameter-names")
    asked = {
        **json_object(arguments.parameters, "--parameters"),
        **parameter_values(executor_input, names),
    }
    values = chosen(manifest.parameters, arguments.pairs, asked)
    work = Path.cwd()
    links = populate(app / "files", work, manifest.inputs)
    plan = make_plan(read_object(app / "files" / manifest.notebook), manifest, values)
    named = arguments.step
    plan = only_step(plan, manifest, named) if named else whole(plan, manifest)
    report = Report.wanted(work)
    recorder = Recorder((work / arguments.output).resolve(), plan.notebook, report)
    if arguments.memory_limit is not None:
        limit_memory(arguments.memory_limit)
    handover = Handover(arguments.load, arguments.save)
    code, session = _execute(arguments, plan, recorder, links, handover, manifest.inputs)
    if arguments.metrics:
        recorder.write(arguments.metrics, dumped(session.metrics) + "\n")
    if arguments.executed_notebook:
        recorder.write(arguments.executed_notebook, dumped(plan.notebook, indent=1) + "\n")
    told = executor_output(executor_input, session.metrics, handover.described)
    # Some engines lose the exit code of a container that is removed at once; Kubeflow then takes
    # a missing output file for the failure that it is.
    if told and code == 0:
        recorder.write(Path(told[0]), told[1])
    return code


def _execute(
    arguments: argparse.Namespace,
    plan: Plan,
    recorder: Recorder,
    links: Dict[str, str],
    handover: Handover,
    inputs: Tuple[str, ...],
) -> Tuple[int, Session]:
    # IPython is imported only when it is clear that there is something to run
    from .outputs import Outputs
    from .session import Session
    from .shell import make_shell
    from .stopping import Stopper
    from .streams import tee
    from .watch import Watch

    outputs = Outputs()
    work = str(Path.cwd())
    free = (str(recorder.output), tempfile.gettempdir())
    watch = Watch(work, links, free, mounted())
    session = Session(plan, recorder, watch, outputs, handover)
    stopper = Stopper(arguments.time_limit, lambda reason: os._exit(session.give_up(reason)))
    scratch = tempfile.mkdtemp(prefix="modelpack-")
    stopper.start()
    try:
        session.inputs = input_facts(Path(work), inputs)
        sys.argv[:] = [""]
        sys.path[:0] = [""] if "" not in sys.path else []
        shell = make_shell(outputs, scratch)
        sys.stdout = tee("stdout", sys.stdout, outputs)
        sys.stderr = tee("stderr", sys.stderr, outputs)
        watch.start()
        phase = session.run(shell, stopper)
        stopper.finish()
        known = {each["path"] for each in session.inputs}
        read = input_facts(Path(work), watch.reads)
        session.inputs += [each for each in read if each["path"] not in known]
        return session.finish(phase), session
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _leave(code: int) -> None:
    """End the process now: threads that the notebook left running must not keep it alive."""
    timer = threading.Timer(_EXIT_SECONDS, os._exit, (code,))
    timer.daemon = True
    timer.start()
    atexit._run_exitfuncs()
    for stream in (sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(OSError, AttributeError):
            stream.flush()  # type: ignore[union-attr]
    os._exit(code)


def _note(arguments: argparse.Namespace, ename: str, evalue: str) -> None:
    """Leave a result behind although nothing was run."""
    if arguments.verb != "run":
        return
    error = {"cell": None, "ename": ename, "evalue": evalue, "line": None}
    with contextlib.suppress(OSError):
        report = Report.wanted(Path.cwd())
        recorder = Recorder((Path.cwd() / arguments.output).resolve(), {}, report)
        recorder.write_result({"phase": "Errored", "error": error})

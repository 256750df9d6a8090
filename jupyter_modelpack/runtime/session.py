"""One run of a notebook: cell by cell in IPython's shell, in this process."""

from __future__ import annotations

import asyncio
import builtins
import getpass
import sys
import time
from typing import Any, Callable, Dict, List, Optional

from .failure import describe, failed_check, missing_modules
from .handover import Handover, ValueNotHandedOn
from .metrics import metric_values, scalar
from .notebook import Plan, Step
from .outputs import Outputs
from .recorder import Recorder
from .shell import ZMQInteractiveShell
from .stopping import Interrupted, Stopper
from .watch import Watch

EXIT_CODES = {"Succeeded": 0, "Failed": 1, "Errored": 3, "Aborted": 143}
LIMIT_CODE = 4


class InputNotPossible(EOFError):
    """Somebody was asked to type something, and nobody is there."""


class Session:
    """Runs a plan and knows at each moment what has happened so far."""

    def __init__(
        self,
        plan: Plan,
        recorder: Recorder,
        watch: Watch,
        outputs: Outputs,
        handover: Optional[Handover] = None,
    ) -> None:
        self._plan = plan
        self._handover = handover or Handover()
        self._recorder = recorder
        self._watch = watch
        self._outputs = outputs
        self._begun = time.monotonic()
        self._finished: Optional[str] = None
        self.cell: Optional[int] = None
        self.completed = 0
        self.error: Optional[Dict[str, Any]] = None
        self.metrics: Dict[str, Any] = {}
        self.checks: List[Dict[str, Any]] = []
        self.missing: List[str] = []
        self.inputs: List[Dict[str, Any]] = []

    def run(self, shell: ZMQInteractiveShell, stopper: Stopper) -> str:
        """Run to the end, a failure or an interruption; return the phase."""
        self._recorder.event("started", cells=self._plan.cells)
        self._recorder.save_notebook()
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._no_input()
        try:
            # as in Jupyter, a loop runs all the time: notebooks await and make tasks in it
            return loop.run_until_complete(self._run_all(shell, stopper))
        except Interrupted as stop:
            return self._interrupted(stop.reason)

    async def _run_all(self, shell: ZMQInteractiveShell, stopper: Stopper) -> str:
        phase = await self._run_steps(shell, stopper)
        if phase != "Succeeded":
            return phase
        named = {name: scalar(shell.user_ns.get(name)) for name in self._plan.metrics}
        for name, value in named.items():
            if value is not None:
                self.metrics[name] = value
                self._recorder.event("metric", cell=None, name=name, value=value)
        if not self._moved(self._handover.give, shell.user_ns):
            return "Failed"
        for note in self._handover.notes:
            self._log(note)
        return phase

    def _moved(self, move: Callable[[Dict[str, Any]], None], variables: Dict[str, Any]) -> bool:
        """Take or give the values of a pipeline step; return False when one cannot be moved."""
        try:
            move(variables)
        except ValueNotHandedOn as error:
            self.error = {
                "cell": None,
                "ename": "ValueNotHandedOn",
                "evalue": str(error),
                "line": None,
            }
            self._log(str(error))
            return False
        return True

    async def _run_steps(self, shell: ZMQInteractiveShell, stopper: Stopper) -> str:
        for position, step in enumerate(self._plan.steps):
            if position == self._plan.common and not self._moved(
                self._handover.take, shell.user_ns
            ):
                return "Failed"
            error = await self._run_step(shell, step, stopper)
            if isinstance(error, SystemExit):
                return self._exited(error, self._plan.steps[position + 1 :])
            if error is not None and not (step.check or step.may_fail):
                self.error = describe(error, self.cell)
                return "Failed"
            if stopper.reason:
                return self._interrupted(stopper.reason)
        return "Succeeded" if all(check["passed"] for check in self.checks) else "Failed"

    async def _run_step(
        self, shell: ZMQInteractiveShell, step: Step, stopper: Stopper
    ) -> Optional[BaseException]:
        begun = time.monotonic()
        if step.number is not None:
            self.cell = shell.cell = step.number
            self._log("[cell {}/{}]".format(step.number, self._plan.cells))
            self._recorder.event("cell-started", cell=step.number, cells=self._plan.cells)
        step.cell["outputs"] = self._outputs.begin()
        self._watch.cell = step.number
        try:
            with stopper:
                result = await _run_code(shell, step.source)
                await asyncio.sleep(0)
        finally:
            self._watch.cell = None
            step.cell["execution_count"] = shell.execution_count - 1 or None
        error: Optional[BaseException] = result.error_before_exec or result.error_in_exec
        if isinstance(error, Interrupted):
            raise error
        self._note(step, error, result.result, shell.user_ns)
        if step.number is not None:
            seconds = round(time.monotonic() - begun, 4)
            passed = error is None
            self._recorder.event("cell-finished", cell=step.number, seconds=seconds, passed=passed)
        self._recorder.save_notebook(always=False)
        return error

    def _note(
        self, step: Step, error: Optional[BaseException], result: Any, variables: Dict[str, Any]
    ) -> None:
        self.missing += [name for name in missing_modules(error) if name not in self.missing]
        if step.check:
            message = failed_check(error, step.source) if error else ""
            check = {"cell": step.number, "passed": error is None, "message": message}
            self.checks.append(check)
            self._recorder.event("check", **check)
        if error is not None:
            return
        self.completed = step.number or self.completed
        if step.metrics:
            values = metric_values(step.source, variables, result)
            self.metrics.update(values)
            for name, value in values.items():
                self._recorder.event("metric", cell=step.number, name=name, value=value)

    def _exited(self, error: SystemExit, left: List[Step]) -> str:
        checks = [step.number for step in left if step.check]
        if error.code in (None, 0) and not checks:
            return "Succeeded" if all(check["passed"] for check in self.checks) else "Failed"
        self.error = describe(error, self.cell)
        if error.code in (None, 0):
            named = ", ".join(map(str, checks))
            self.error["evalue"] = "the run was ended before the checks in cell {}".format(named)
        return "Failed"

    def _interrupted(self, reason: str) -> str:
        words = {"limit": ("TimeLimit", "the time limit was reached")}
        ename, evalue = words.get(reason, ("Aborted", "the run was stopped"))
        self.error = {"cell": self.cell, "ename": ename, "evalue": evalue, "line": None}
        self._finished = reason
        return "Failed" if reason == "limit" else "Aborted"

    def finish(self, phase: str) -> int:
        """Write the result and the executed notebook, and return the exit code."""
        limit = self._finished == "limit"
        self._recorder.save_notebook()
        self._recorder.write_result(
            {
                "phase": phase,
                "cell": self.completed if limit else self.cell,
                "completed": self.completed,
                "cells": self._plan.cells,
                "reached_limit": limit,
                "error": self.error,
                "metrics": self.metrics,
                "checks": self.checks,
                "seconds": round(time.monotonic() - self._begun, 4),
                "missing_modules": self.missing,
                "writes_outside": self._watch.writes_outside,
                "network": self._watch.network,
                "inputs": self.inputs,
                "peak_memory": _peak_memory(),
            }
        )
        self._recorder.event("finished", phase=phase, cell=self.cell, cells=self._plan.cells)
        return LIMIT_CODE if limit else EXIT_CODES[phase]

    def give_up(self, reason: str) -> int:
        """Finish although the cell does not let itself be interrupted."""
        return self.finish(self._interrupted(reason))

    def _no_input(self) -> None:
        def refuse(*_: Any, **__: Any) -> str:
            raise InputNotPossible(
                "Cell {} asks for something to be typed, and nobody is there. "
                "Use a parameter instead.".format(self.cell)
            )

        builtins.input = refuse
        getpass.getpass = refuse

    @staticmethod
    def _log(text: str) -> None:
        if sys.__stdout__:
            sys.__stdout__.write(text + "\n")
            sys.__stdout__.flush()


async def _run_code(shell: Any, source: str) -> Any:
    transformed, problem = source, None
    try:
        transformed = shell.transform_cell(source)
    except Exception:
        problem = sys.exc_info()
    if shell.should_run_async(
        source, transformed_cell=transformed, preprocessing_exc_tuple=problem
    ):
        result = await shell.run_cell_async(
            source,
            store_history=True,
            transformed_cell=transformed,
            preprocessing_exc_tuple=problem,
        )
        shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", result)
        return result
    return shell.run_cell(source, store_history=True)


def _peak_memory() -> Optional[int]:
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

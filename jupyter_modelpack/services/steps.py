"""The steps of one build: each is timed, reported, and ends in a phase, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from jupyter_modelpack.errors import Aborted, GateNotSatisfied, InvalidInput, ModelPackError
from jupyter_modelpack.services.packaging_types import (
    Phase,
    Progress,
    StepName,
    StepReport,
    Transfer,
)


class Step:
    """One running step, whose detail and progress may be told while it runs."""

    def __init__(self, report: StepReport, progress: Progress) -> None:
        self._report = report
        self._progress = progress
        self.phase: Phase = "Succeeded"

    def tell(
        self, detail: str, progress: float | None = None, transfer: Transfer | None = None
    ) -> None:
        """Show ``detail``, and a ``progress`` from 0 to 1 where there is one."""
        kept = transfer or self._report.transfer
        self._report = replace(self._report, detail=detail, progress=progress, transfer=kept)
        self._progress.step(self._report)

    @property
    def detail(self) -> str:
        """What was told last."""
        return self._report.detail

    @property
    def transfer(self) -> Transfer | None:
        """How far an image was on its way to a registry when that was told last."""
        return self._report.transfer


class Steps:
    """Reports steps to ``progress`` and keeps the seconds that each of them took."""

    def __init__(
        self, progress: Progress, cancelled: Callable[[], bool], monotonic: Callable[[], float]
    ) -> None:
        self._progress = progress
        self._cancelled = cancelled
        self._monotonic = monotonic
        self._began = monotonic()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def running(self, name: StepName) -> Iterator[Step]:
        """Report the step as running, then as what became of it; a step may run in two parts."""
        self.check()
        step = Step(StepReport(name, "Running"), self._progress)
        step.tell("")
        began = self._monotonic()
        phase: Phase = "Errored"
        try:
            yield step
            phase = step.phase
        except (GateNotSatisfied, InvalidInput):
            phase = "Failed"
            raise
        except Aborted:
            phase = "Aborted"
            raise
        except ModelPackError:
            raise
        finally:
            took = self.seconds.get(name, 0.0) + self._monotonic() - began
            self.seconds[name] = round(took, 3)
            self._progress.step(
                StepReport(name, phase, self.seconds[name], step.detail, None, step.transfer)
            )

    def skip(self, name: StepName, detail: str) -> None:
        """Report a step that has nothing to do, and why."""
        self.seconds[name] = 0.0
        self._progress.step(StepReport(name, "Skipped", None, detail))

    def check(self) -> None:
        """Raise Aborted when a person has asked to stop."""
        if self._cancelled():
            raise Aborted("Packaging was stopped.", advice="Nothing was changed.")

    def total(self) -> dict[str, float]:
        """Return the seconds of each step and, under ``total``, of all from the beginning."""
        return {**self.seconds, "total": round(self._monotonic() - self._began, 3)}

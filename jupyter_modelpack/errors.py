"""The error tree: what can go wrong, in the words of the product and without HTTP words.

::

    ModelPackError
    ├── InvalidInput          what was asked makes no sense; names the field
    ├── NotPermitted          who asked may not; names the rule
    ├── NotFound              no such notebook, build, run, package, ...
    ├── Conflict              the state has moved on, or another writer was first
    ├── GateNotSatisfied      the answer is no: blocking findings or failed checks
    ├── Aborted               a person stopped it
    ├── StoreError            the image store cannot be written or does not verify
    ├── RegistryError         a registry answered, wrongly or with a refusal
    ├── BackendError          another system answered, wrongly or with a refusal
    └── BackendUnavailable    another system did not answer, or is not installed

Every error reads as one sentence in ``message`` and says the next step in ``advice``.
Handlers and the command line turn them into codes in one table each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ModelPackError(Exception):
    """An expected failure, with a stable ``code``, a sentence, and what to do next."""

    code = "ERROR"

    def __init__(self, message: str, *, advice: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.details: Mapping[str, Any] = details

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            _restore,
            (type(self), self.message, self.advice, dict(self.details), self.__dict__),
        )


def _restore(
    kind: type[ModelPackError],
    message: str,
    advice: str,
    details: dict[str, Any],
    state: dict[str, Any],
) -> ModelPackError:
    error = kind.__new__(kind)
    ModelPackError.__init__(error, message, advice=advice, **details)
    error.__dict__.update(state)
    return error


class InvalidInput(ModelPackError):
    """What was given cannot be used; ``field`` names it."""

    code = "INVALID_INPUT"

    def __init__(self, message: str, *, field: str = "", advice: str = "", **details: Any) -> None:
        super().__init__(message, advice=advice, field=field, **details)
        self.field = field


class NotPermitted(ModelPackError):
    """The actor may not do this; ``rule`` names what says so."""

    code = "NOT_PERMITTED"

    def __init__(self, message: str, *, rule: str = "", advice: str = "", **details: Any) -> None:
        super().__init__(message, advice=advice, rule=rule, **details)
        self.rule = rule


class NotFound(ModelPackError):
    """There is no such thing; the code is ``<NOUN>_UNKNOWN``."""

    def __init__(self, noun: str, name: str, *, advice: str = "", **details: Any) -> None:
        super().__init__(f"There is no {noun} {name}.", advice=advice, **details)
        self.noun = noun
        self.code = f"{noun.upper().replace(' ', '_').replace('-', '_')}_UNKNOWN"


class Conflict(ModelPackError):
    """The state has moved on since the caller looked, or another writer was first."""

    code = "CONFLICT"


class GateNotSatisfied(ModelPackError):
    """The answer is no; ``details`` holds the findings or checks that say so."""

    code = "GATE_NOT_SATISFIED"


class Aborted(ModelPackError):
    """A person stopped it before it was done."""

    code = "ABORTED"


class StoreError(ModelPackError):
    """The image store cannot be written, or what it holds does not verify."""

    code = "STORE_ERROR"


class RegistryError(ModelPackError):
    """A registry answered, wrongly or with a refusal."""

    code = "REGISTRY_ERROR"


class BackendError(ModelPackError):
    """Another system answered, wrongly or with a refusal."""

    code = "BACKEND_ERROR"


class BackendUnavailable(ModelPackError):
    """Another system did not answer, or is not installed."""

    code = "BACKEND_UNAVAILABLE"

"""Redaction: the secrets among a run's settings are masked in all that is kept or shown of it."""

from __future__ import annotations

import codecs
import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from jupyter_modelpack.adapters.sandbox.request import RunResult
from jupyter_modelpack.notebook.secrets.scan import scan_text

MASK = "***"
_SHORTEST = 4
_READ = 1 << 20
_SECRET_NAME = re.compile(
    r"token|key|secret|passw|passphrase|pwd|credential|auth(?!or)|conn(ection)?_?str|dsn"
    r"|database_url|^jupyter|^jpy_",
    re.IGNORECASE,
)


class Redaction:
    """Masks the secrets among ``settings`` in texts and JSON values."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        secrets = {text for item in settings.items() for text in _secrets(*item)}
        forms = {form for secret in secrets for form in _forms(secret)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))
        self._shape = re.compile("|".join(map(re.escape, self._forms)))

    def __bool__(self) -> bool:
        return bool(self._forms)

    def text(self, text: str) -> str:
        """Return the text with each secret masked."""
        return self._shape.sub(MASK, text) if self._forms else text

    def value(self, value: Any) -> Any:
        """Return the JSON value with each secret in its texts and names masked."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.value(item) for item in value)
        return value

    def result(self, result: RunResult) -> RunResult:
        """Return what a run did with each secret masked."""
        return dataclasses.replace(
            result,
            error=self.value(result.error),
            checks=self.value(result.checks),
            metrics=self.value(result.metrics),
            writes_outside=self.value(result.writes_outside),
            network=self.value(result.network),
            inputs=self.value(result.inputs),
        )

    def copy(self, source: BinaryIO, target: BinaryIO) -> bool:
        """Copy a file with each secret masked, and return whether there was one."""
        log = RedactedLog(self, lambda text: _write(target, text))
        decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        while data := source.read(_READ):
            log(decode(data))
        log(decode(b"", True))
        log.close()
        return log.masked

    def unfinished(self, text: str) -> int:
        """Return how many characters at the end of a text may be the beginning of a secret."""
        longest = max(map(len, self._forms), default=1) - 1
        for size in range(min(longest, len(text)), 0, -1):
            if any(form.startswith(text[-size:]) for form in self._forms):
                return size
        return 0


class RedactedLog:
    """Passes a log on as it comes, but for what may be the beginning of a secret."""

    def __init__(self, redaction: Redaction, out: Callable[[str], None]) -> None:
        self._redaction = redaction
        self._out = out
        self._held = ""
        self.masked = False

    def __call__(self, text: str) -> None:
        """Pass on the text, with each secret masked."""
        given = self._held + text
        text = self._redaction.text(given)
        self.masked |= text != given
        shown = len(text) - self._redaction.unfinished(text)
        self._held = text[shown:]
        if shown:
            self._out(text[:shown])

    def close(self) -> None:
        """Pass on what was held back."""
        if self._held:
            self._out(self._held)
        self._held = ""


def _write(target: BinaryIO, text: str) -> None:
    target.write(text.encode("utf-8", "surrogateescape"))


def _secrets(name: str, value: str) -> Iterator[str]:
    if len(value) < _SHORTEST:
        return
    if _SECRET_NAME.search(name):
        yield value
    for secret in scan_text(value, name):
        yield secret.text


def _forms(secret: str) -> Iterable[str]:
    """Return the ways in which texts show a secret: as it is, in JSON, and as Python writes it."""
    written = (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret))
    return (secret, *(text[1:-1] for text in written))

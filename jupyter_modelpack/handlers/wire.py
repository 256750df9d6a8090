"""The JSON of the REST interface: the only place that names its fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, cast

from jupyter_modelpack.errors import InvalidInput

if TYPE_CHECKING:
    from jupyter_modelpack.services.work import LogChunk, Work

Json = dict[str, Any]
Kind = Literal["promote", "rollback"]

SUMMARY = ("name", "version", "digest", "created", "size", "path", "verified", "metrics", "why")
PACKAGE = (
    *SUMMARY,
    "image_id",
    "layers",
    "own_size",
    "findings",
    "parameters",
    "settings",
    "external",
    "checks",
    "isolation",
    "seconds",
    "reused_layers",
    "distributions",
    "files",
    "lock_digest",
    "notebook_digest",
    "pipeline",
    "author",
    "content",
    "serves",
    "evidence",
    "owner",
    "parts",
    "line",
    "commit",
    "registry",
    "published",
    "inputs",
)
BUILD_STATE = ("steps", "findings", "error", "package")
RUN_STATE = (
    "cell",
    "cells",
    "parameters",
    "metrics",
    "outputs",
    "checks",
    "isolation",
    "error",
    "left_at",
)
PAGE = "50"  # as many as a list shows unless it is asked for another number
COMPRESSIONS = ("none", "gzip", "zstd")
ARCHIVES = ("oci-archive", "docker-archive")
JOBS = ("kubeflow", "kubernetes")
INTAKE: Mapping[str, str] = {
    "": "Waits to be checked.",
    "image": "Every part of the image is checked.",
    "contents": "What is inside is read, and searched for secrets.",
    "run": "The image is run, sealed.",
    "record": "The release is signed and recorded.",
}


def moment(seconds: float | None) -> str | None:
    """Return seconds since 1970 as RFC 3339 in UTC, to the millisecond."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def build(work: Work) -> Json:
    """Return a build."""
    return {
        "id": work.id,
        "path": work.request.get("shown_path", ""),
        "name": work.name,
        "phase": work.phase,
        **_times(work),
        **{key: work.state.get(key) for key in BUILD_STATE},
        "requested_by": work.requested_by,
    }


def run(work: Work, executed_notebook: str | None) -> Json:
    """Return a run; ``executed_notebook`` is a contents path, where there is one."""
    return {
        "id": work.id,
        "name": work.name,
        "version": work.version,
        "phase": work.phase,
        **_times(work),
        **{key: work.state.get(key) for key in RUN_STATE},
        "requested_by": work.requested_by,
        "executed_notebook": executed_notebook,
        "inputs": work.state.get("inputs") or [],
        "data_changed": work.state.get("data_changed"),
        "backend": work.backend,
        "options": work.request.get("options") or {},
        "pod_defaults": work.request.get("pod_defaults") or [],
        "settings": work.request.get("settings") or [],
        "stage": work.state.get("stage"),
        "place": work.state.get("place"),
        "events": work.state.get("events") or [],
        "steps": work.state.get("steps") or [],
        "unknown_since": moment(work.state.get("unknown_since")),
        "retries": work.request.get("retry"),
    }


def _times(work: Work) -> Json:
    return {
        "created": moment(work.created),
        "started": moment(work.started),
        "finished": moment(work.finished),
    }


def submission(work: Work) -> Json:
    """Return a submission."""
    state = work.state
    error, package = state.get("error"), state.get("package")
    sentence = INTAKE.get(str(state.get("step", "")), "")
    if error:
        sentence = str(error["message"])
    elif package:
        sentence = f"It is {package['name']} {package['version']}."
    return {
        "id": work.id,
        "phase": work.phase,
        "step": state.get("step", ""),
        "sentence": sentence,
        "error": error,
        "package": package,
    }


def log(chunk: LogChunk) -> Json:
    """Return a part of a log."""
    return {
        "offset": chunk.offset,
        "text": chunk.text,
        "next_offset": chunk.next_offset,
        "complete": chunk.complete,
    }


def summary(record: Mapping[str, Any], shown_path: str) -> Json:
    """Return a package in a list."""
    return {key: record.get(key) for key in SUMMARY} | {"path": shown_path}


def packages(found: Sequence[Json], limit: int, shown_path: Callable[[str], str]) -> Json:
    """Return a page of packages, and what the next one comes before."""
    shown, following = page(found, limit, "cursor")
    summaries = [summary(each, shown_path(each["path"])) for each in shown]
    return {"packages": summaries, "next": following}


def package(record: Mapping[str, Any], shown_path: str) -> Json:
    """Return a package in full."""
    steps = record.get("steps") or []
    return {key: record.get(key) for key in PACKAGE} | {"path": shown_path, "steps": steps}


def inspection(found: Mapping[str, Any], shown_path: str) -> Json:
    """Return an inspection."""
    return {**found, "path": shown_path}


class Body:
    """The JSON object of a request, read field by field; what does not fit is InvalidInput."""

    def __init__(self, content: bytes, fields: Iterable[str]) -> None:
        try:
            value = json.loads(content or b"null", parse_constant=_no_constant)
            json.dumps(value, ensure_ascii=False).encode()  # half a character is no text
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise InvalidInput("The request's body is not a JSON object.", field="body")
        self._value: Json = value
        for key in value:
            if key not in set(fields):
                raise InvalidInput(f"There is no field {key[:60]!r} here.", field=key[:60])

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self._value.get(key)
        if not isinstance(value, str) or not value:
            raise InvalidInput(f"{key} must be a text.", field=key)
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None when it is left out."""
        return None if self._value.get(key) is None else self.text(key)

    def free_text(self, key: str) -> str:
        """Return a text that may be empty or left out."""
        value = self._value.get(key)
        if value is not None and not isinstance(value, str):
            raise InvalidInput(f"{key} must be a text.", field=key)
        return value or ""

    def optional_count(self, key: str) -> int | None:
        """Return a number, 0 or more, or None when it is left out."""
        value = self._value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InvalidInput(f"{key} must be a number, 0 or more.", field=key)
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """Return true or false, which must be said where there is no default."""
        value = self._value.get(key, default)
        if not isinstance(value, bool):
            raise InvalidInput(f"{key} must be true or false.", field=key)
        return value

    def choice(self, key: str, words: Iterable[str], default: str | None = None) -> Any:
        """Return one of some words."""
        return chosen(self._value.get(key, default), key, words)

    def mapping(self, key: str) -> Json:
        """Return an object, an empty one when it is left out."""
        value = self._value.get(key, {})
        if not isinstance(value, dict):
            raise InvalidInput(f"{key} must be an object.", field=key)
        return cast(Json, value)

    def names(self, key: str) -> list[str]:
        """Return a list of texts, 50 at most, an empty one when it is left out."""
        value = self._value.get(key, [])
        texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not texts or len(value) > 50:
            raise InvalidInput(f"{key} must be a list of 50 texts at most.", field=key)
        return cast("list[str]", value)


def chosen(value: object, key: str, words: Iterable[str]) -> Any:
    """Return the value if it is one of the words, or raise InvalidInput."""
    known = tuple(words)
    if value not in known:
        raise InvalidInput(f"{key} must be one of {', '.join(known)}.", field=key)
    return value


def yes_or_no(text: str, key: str) -> bool:
    """Return what a query says with true or false, or raise InvalidInput."""
    return bool(chosen(text, key, ("true", "false")) == "true")


def page_size(text: str) -> int:
    """Return how many a page of a list has, 1 to 1000, or raise InvalidInput."""
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= 1000):
        raise InvalidInput("limit must be a number from 1 to 1000.", field="limit")
    return int(text)


def place(text: str) -> int:
    """Return where the page before ended, 0 for the first page, or raise InvalidInput."""
    if text and not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidInput("before must be what next said.", field="before")
    return int(text or "0")


def page(found: Sequence[Json], limit: int, key: str) -> tuple[Sequence[Json], str | None]:
    """Return a page of what was found with one more, and what the next page comes before."""
    shown = found[:limit]
    return shown, str(shown[-1][key]) if len(found) > limit else None


def offset(text: str) -> int:
    """Return the offset of a log, or raise InvalidInput."""
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidInput("offset must be a number, 0 or more.", field="offset")
    return int(text)


def _no_constant(name: Literal["NaN"] | str) -> None:
    raise ValueError(name)

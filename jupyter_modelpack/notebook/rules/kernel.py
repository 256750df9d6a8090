"""The kernel: notebooks in other languages are refused, and a kernel that was assumed is told."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.rules.context import Context

_PYTHON = ("python", "ipython", "python3")


def find_language(context: Context) -> Iterator[Finding]:
    """Yield a blocking finding when the notebook or its kernel is not Python."""
    language = other_language(context)
    if language is not None:
        spec = context.snapshot.kernel_display_name
        yield Finding(
            "kernel-not-python",
            "blocking",
            f"This notebook is written in {language}, and only Python can be packaged.",
            advice="Choose a Python kernel if its code is Python"
            + (f"; it now asks for {spec}." if spec else "."),
            details={"language": language},
        )
    elif context.kernel is not None and context.snapshot.kernel_name is None:
        yield Finding(
            "kernel-assumed",
            "note",
            "The notebook names no kernel, so the default Python kernel is taken.",
            advice="Choose a kernel in JupyterLab and save the notebook.",
        )


def other_language(context: Context) -> str | None:
    """Return the notebook's language when it is not Python.

    The kernel that the notebook names decides; where it names none, what the notebook says itself.
    """
    snapshot = context.snapshot
    named = context.kernel if snapshot.kernel_name is not None else None
    stated = named.language if named is not None else snapshot.language
    if stated and stated.lower() not in _PYTHON:
        return (stated.capitalize() if stated.islower() else stated)[:40]
    return None

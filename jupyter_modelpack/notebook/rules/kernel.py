"""The kernel: notebooks in other languages are refused, with the reason."""

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


def other_language(context: Context) -> str | None:
    """Return the notebook's language when it is not Python."""
    stated = context.kernel.language if context.kernel is not None else context.snapshot.language
    if stated and stated.lower() not in _PYTHON:
        return stated[:40]
    return None

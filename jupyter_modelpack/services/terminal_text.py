"""The output of a terminal as plain text: what a terminal would obey is left out."""

from __future__ import annotations

import re

from jupyter_modelpack.services.line_diff import plainly

# Escape sequences: CSI, OSC and other strings, two-character ones (ECMA-48, 5.3 to 5.6).
_ESCAPE = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]"
    "|\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?"
    "|\x1b[ -/]+[0-~]|\x1b[0-~]?"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def terminal_text(output: str) -> str:
    """Return output as text; a carriage return starts its line again, as on a terminal."""
    lines = (_last_writing(line) for line in _ESCAPE.sub("", output).split("\n"))
    return plainly(_CONTROL.sub("", "\n".join(lines)))


def _last_writing(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]

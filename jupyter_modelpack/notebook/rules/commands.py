"""Commands: installs, which the package does not need, and shell commands, which it cannot run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.rules.context import Context, shown

_INSTALLERS = frozenset({"pip", "pip3", "conda", "mamba", "micromamba", "uv", "poetry", "apt-get"})
_INSTALL_MAGICS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})
_INSTALL = re.compile(
    r"(^|[\s;&|(/])(pip3?|conda|mamba|micromamba|uv|poetry|apt|apt-get|pipenv|easy_install)"
    r"\s(.*\s)?(install|add|update|upgrade|sync|uninstall)\b"
)
_DOWNLOAD = re.compile(
    r"(^|[\s;&|(])(wget|curl|git\s+(clone|pull)|gsutil|aws\s+s3|kaggle|gdown|huggingface-cli|hf"
    r"|dvc\s+pull|scp|rsync|az\s+storage)\b"
)
_LOOKING = re.compile(
    r"^\s*(ls|ll|dir|pwd|head|tail|cat|wc|du|df|free|echo|date|which|whoami|uname|tree|nvidia-smi"
    r"|lscpu|nproc|file|stat|env|printenv|hostname|python3?\s+(--version|-V)|pip3?\s+(list|show"
    r"|freeze|--version))\b"
)
_SHELL_MAGICS = frozenset({"bash", "sh", "script", "!", "sx", "system", "perl", "ruby", "cmd"})
_SHELL_CALLS = frozenset(
    {"os.system", "os.popen", "os.execv", "os.execvp", "os.spawnl", "subprocess.run"}
    | {"subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output"}
    | {"subprocess.getoutput", "subprocess.getstatusoutput", "pip.main"}
)


def find_commands(context: Context) -> Iterator[Finding]:
    """Yield findings for what cells ask a shell or an installer to do."""
    for cell, command in context.commands:
        number, line = cell.number, command.line
        if command.kind == "line-magic":
            if command.name in _INSTALL_MAGICS:
                if not re.match(r"(list|show|freeze|check|info)\b", command.text):
                    yield _install(command.written, number, line)
            elif command.name in ("sx", "system"):
                yield from _shell(command.text, command.text, number, line)
        elif command.kind == "shell":
            yield from _shell(command.text, command.written, number, line)
        elif command.name in _SHELL_MAGICS:
            yield from _shell(command.body, f"%%{command.name}", number, line)
    for call in context.reading.calls:
        if call.name in _SHELL_CALLS:
            words = [item for item in call.texts if item] or _listed(call.node)
            text = " ".join(words)
            written = text or f"{call.name}(…)"
            yield from _shell(text, written, call.cell, call.line, program=True)


def _listed(node: object) -> list[str]:
    if not isinstance(node, ast.Call) or not node.args:
        return []
    first = node.args[0]
    if not isinstance(first, (ast.List, ast.Tuple)):
        return []
    return [
        item.value
        for item in first.elts
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]


def _shell(
    text: str, written: str, cell: int, line: int, *, program: bool = False
) -> Iterator[Finding]:
    if _INSTALL.search(text):
        yield _install(written, cell, line)
    elif _DOWNLOAD.search(text):
        yield Finding(
            "network",
            "warning",
            f"Downloads with {shown(written)}.",
            cell=cell,
            line=line,
            advice="The image has no shell and a sealed run no network: put the files beside the"
            " notebook, and tag this cell `skip`.",
        )
    elif all(_LOOKING.match(row) for row in text.splitlines() if row.strip()) and text.strip():
        yield Finding(
            "shell-command",
            "note",
            f"Looks around with {shown(written)}, and the image has no shell.",
            cell=cell,
            line=line,
            advice="Tag the cell `skip`.",
        )
    else:
        yield Finding(
            "shell-command",
            "warning",
            f"Starts another program, which the image may not have: {shown(written)}."
            if program
            else f"Runs a shell command, and the image has no shell: {shown(written)}.",
            cell=cell,
            line=line,
            advice="Do it in Python, or tag the cell `skip`.",
        )


def _install(written: str, cell: int, line: int) -> Finding:
    return Finding(
        "installs-packages",
        "note",
        f"Installs packages: {shown(written)}. Not needed, it is captured.",
        cell=cell,
        line=line,
        advice="Take the line out, or tag the cell `skip`.",
    )

"""Settings: the environment variables that a run needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_modelpack.notebook.constants import HOLE
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.rules.context import Context, shown

# What the image sets, or what only shows where a notebook runs.
_ALWAYS_THERE = frozenset(
    {"HOME", "PATH", "LANG", "PWD", "USER", "TMPDIR", "SSL_CERT_FILE", "LD_LIBRARY_PATH", "TERM"}
    | {"PYTHONUNBUFFERED", "PYTHONPATH", "COLAB_GPU", "COLAB_RELEASE_TAG", "KAGGLE_URL_BASE"}
    | {"KAGGLE_KERNEL_RUN_TYPE", "SHELL", "HOSTNAME", "CUDA_VISIBLE_DEVICES"}
)
_READS = frozenset({"os.getenv", "os.environ.get", "environ.get", "getenv", "os.environ.pop"})
_SETS = frozenset({"os.environ.setdefault", "os.putenv", "environ.setdefault"})


@dataclass(frozen=True)
class _Setting:
    name: str
    cell: int
    line: int
    needed: bool


def read_settings(context: Context) -> tuple[str, ...]:
    """Return the environment variables that the notebook reads and does not set itself, sorted."""
    return tuple(sorted({setting.name for setting in _settings(context)}))


def find_settings(context: Context) -> Iterator[Finding]:
    """Yield one note for each setting without which a run cannot go on."""
    told = set(context.given)
    for setting in _settings(context):
        if setting.needed and setting.name not in told:
            told.add(setting.name)
            yield Finding(
                "needs-setting",
                "note",
                f"Needs the setting {shown(setting.name)}.",
                cell=setting.cell,
                line=setting.line,
                advice="Tick it under Options and Run…, or say --setting NAME=VALUE in a terminal."
                " Its value is never put into the image.",
                details={"name": setting.name},
            )
    for call in context.reading.calls:
        if call.method == "load_dotenv":
            yield Finding(
                "settings-file",
                "note",
                "Reads settings from a file that is never packaged.",
                cell=call.cell,
                line=call.line,
                advice="Give them to each run as settings.",
            )
            return


def _settings(context: Context) -> list[_Setting]:
    found: list[tuple[int, int, bool, _Setting]] = [
        (item.cell, item.line, item.sets, _Setting(item.name, item.cell, item.line, True))
        for item in context.reading.lookups
    ]
    for call in context.reading.calls:
        sets = call.name in _SETS
        if not sets and call.name not in _READS:
            continue
        has_default = len(call.node.args) + len(call.node.keywords) > 1
        found.extend(
            (call.cell, call.line, sets, _Setting(name, call.cell, call.line, not has_default))
            for name in call.argument(0, "key")
        )
    for cell, command in context.commands:
        if command.kind == "line-magic" and command.name in ("env", "set_env"):
            name, equals, _ = command.text.replace(" ", "=", 1).partition("=")
            if name:
                setting = _Setting(name, cell.number, command.line, True)
                found.append((cell.number, command.line, bool(equals), setting))
    own: set[str] = set()
    settings = []
    for _, _, sets, setting in sorted(found, key=lambda item: item[:2]):
        if HOLE in setting.name or not setting.name.isidentifier():
            continue
        if sets:
            own.add(setting.name)
        elif setting.name not in own and setting.name not in _ALWAYS_THERE:
            settings.append(setting)
    return settings

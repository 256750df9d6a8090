"""IPython's shell in this process, set up to behave as in Jupyter but to leave nothing behind."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from typing import Any, Dict, List, Optional

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.profiledir import ProfileDir
from traitlets.config import Config

from .memory import make_room
from .outputs import Outputs
from .streams import plain

_LOGGED = 20000
_SCRIPTS = ("!", "bash", "perl", "pypy", "python2", "ruby", "script", "sh", "sx", "system")


class Publisher(DisplayPublisher):
    """Where ``display()`` ends: the outputs of the cell, and its text in the log."""

    outputs: Outputs

    def publish(self, data: Any, metadata: Any = None, *_: Any, **more: Any) -> None:
        """Add rich output, or change the one with the same display id."""
        transient = more.get("transient") or {}
        update = bool(more.get("update"))
        self.outputs.display(data, metadata, transient.get("display_id"), update)
        if not update:
            log_text(data)

    def clear_output(self, wait: bool = False) -> None:
        """Drop what the cell has shown so far."""
        self.outputs.clear(wait)


class ResultHook(DisplayHook):
    """Where the value of a cell's last expression ends."""

    outputs: Outputs

    def write_output_prompt(self) -> None:
        """Write nothing: the notebook has its own prompts."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Add the value in all its forms."""
        self.outputs.display(format_dict, md_dict, execution_count=self.prompt_count)
        log_text(format_dict)

    def finish_displayhook(self) -> None:
        """Write nothing."""


class Profile(ProfileDir):
    """A profile without the start-up files that IPython would run, or lay down to explain them."""

    def check_startup_dir(self, change: Any = None) -> None:
        """Make no directory for such files."""


# Libraries choose their rich output by this class name (pandas, rich); the notebook's stored
# outputs came from the kernel's shell of the same name.
class ZMQInteractiveShell(InteractiveShell):
    """IPython's shell without terminal, history, configuration files and user interaction."""

    outputs: Outputs
    cell: Optional[int] = None

    def showtraceback(self, *given: Any, **more: Any) -> None:
        """Show the exception, for which there has to be memory."""
        if isinstance(sys.exc_info()[1], MemoryError):
            make_room()
        super().showtraceback(*given, **more)

    def _showtraceback(self, etype: Any, evalue: Any, stb: List[str]) -> None:
        self.outputs.error(etype.__name__, str(evalue), list(stb))
        sys.__stderr__ and sys.__stderr__.write(plain("\n".join(stb)) + "\n")

    def enable_gui(self, gui: Any = None) -> None:
        """Do nothing: there is no window."""

    def enable_matplotlib(self, gui: Any = None) -> Any:
        """Use inline pictures whatever was asked for."""
        return super().enable_matplotlib("inline")  # type: ignore[no-untyped-call]

    def ask_exit(self) -> None:
        """End the run as ``sys.exit()`` does."""
        raise SystemExit(0)

    def refuse_command(self, cmd: str) -> None:
        """Say that the image has no shell, and go on as a notebook does when one is not found."""
        sys.stderr.write(self._no_shell(cmd) + "\n")
        self.user_ns["_exit_code"] = 127

    def refuse_output(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """Raise UsageError: what the command would have printed is not there."""
        raise UsageError(self._no_shell(cmd))

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run a cell magic; a script whose program is not in the image is an error, not a note."""
        if magic_name in _SCRIPTS:
            words = line.split()
            program = words[0] if magic_name == "script" and words else magic_name
            program = "sh" if magic_name in ("!", "system", "sx") else program
            if shutil.which(program) is None:
                raise UsageError(
                    "Cell {} is a %%{} script, and the image has no {}.".format(
                        self.cell, magic_name, program
                    )
                )
        return super().run_cell_magic(magic_name, line, cell)  # type: ignore[no-untyped-call]

    def _no_shell(self, command: str) -> str:
        place = "Cell {}".format(self.cell) if self.cell else "The notebook"
        command = command.strip().splitlines()[0] if command.strip() else ""
        return "{}: `{}` was not run, because the image has no shell.".format(place, command)


def make_shell(outputs: Outputs, scratch: str) -> ZMQInteractiveShell:
    """Return the one shell of this process; ``scratch`` is a directory that IPython may fill."""
    os.environ["IPYTHONDIR"] = scratch
    # joblib would ask programs that an image does not have, and warn at length
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", str(len(os.sched_getaffinity(0))))
    if "MPLBACKEND" not in os.environ and importlib.util.find_spec("matplotlib_inline"):
        os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.autoindent = False
    config.InteractiveShell.history_length = 0
    config.InteractiveShell.banner1 = ""
    profile = Profile(location=os.path.join(scratch, "profile_default"))
    shell: Any = ZMQInteractiveShell.instance(
        config=config,
        ipython_dir=scratch,
        profile_dir=profile,
        display_pub_class=Publisher,
        displayhook_class=ResultHook,
    )
    shell.outputs = shell.display_pub.outputs = shell.displayhook.outputs = outputs
    if not os.access("/bin/sh", os.X_OK):
        shell.system, shell.getoutput = shell.refuse_command, shell.refuse_output
    assert isinstance(shell, ZMQInteractiveShell)
    return shell


def log_text(data: Dict[str, Any]) -> None:
    """Write the text form of rich output to the log."""
    text = data.get("text/plain")
    if isinstance(text, str) and text and sys.__stdout__:
        safe = text[:_LOGGED].encode("utf-8", "backslashreplace").decode("utf-8")
        sys.__stdout__.write(plain(safe) + "\n")
        sys.__stdout__.flush()

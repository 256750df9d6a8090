"""Row F2, the command line's share: what fails does not tell the secrets that it met."""

from __future__ import annotations

import base64
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals
from typing import Any

import pytest

from tests.canaries import MARK, Canaries, leaks, leaks_below
from tests.product import Answer, Product, document
from tests.watched import Within, is_one_sentence, stopped

canary = Canaries()
TOKEN = canary("setting", "tok_", 40)
SETTING = ("--setting", f"SERVICE_TOKEN={TOKEN}")
READ = "import os\ntoken = os.environ['SERVICE_TOKEN']"


class Failing:
    """The product, and a place for temporary files, of which everything is searched at the end."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.product = Product(home / "data", home)
        self._within = Within(home / "data", home)
        self.environ = {"TMPDIR": str(home / "tmp"), "STUDY_PASSWORD": canary("variable", "", 30)}
        self.said: dict[str, Answer] = {}
        (home / "tmp").mkdir()

    def notebook(self, name: str, *cells: Any, **more: Any) -> str:
        path = self.home / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        made = {**document(*cells), **more}
        path.write_text(json.dumps(made))
        return str(path)

    def fails(self, what: str, code: int, *words: str, **environ: str) -> Answer:
        # every fourth time as people do it, in a process of its own, else quicker
        alone = environ or len(self.said) % 4 == 0
        answer = (self.product if alone else self._within)(*words, env={**self.environ, **environ})
        self.said[what] = answer
        assert answer.code == code, f"{what}: {answer.code}\n{answer.err}"
        return answer


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Failing:
    return Failing(tmp_path_factory.mktemp("f2"))


def sources() -> dict[str, str]:
    """Return cells that hold a secret, each written in another way."""
    github = canary("token of a code host", "ghp_", 40)
    joined = canary("split token", "ghp_", 40)
    hidden = base64.b64encode(f"key={canary('encoded', 'ghp_', 40)}".encode()).decode()
    body = "\\n".join([canary("private key", "MIIE", 64)] * 3)
    return {
        "cloud key": f"key = '{canary('cloud key', 'AKIA', 20)}'",
        "token": f"client = connect(token='{github}')",
        "comment": f"x = 1  # the token is {canary('comment', 'ghp_', 40)}",
        "split": f"token = 'ghp_' + '{joined[4:20]}' \\\n    '{joined[20:]}'",
        "password": f"password = '{canary('password', '', 14)}!x'",
        "address": f"url = 'postgresql://ada:{canary('address', '', 18)}@db.invalid/x'",
        "private key": f"pem = '-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----'",
        "encoded": f"blob = '{hidden}'",
        "environment": f"import os\nos.environ['API_TOKEN'] = '{canary('set', 'tok_', 40)}'",
        "magic": f"%env API_TOKEN={canary('magic', 'tok_', 40)}",
        "command": f"!curl -H 'Authorization: token {canary('command', 'ghp_', 40)}' x.invalid",
        "broken code": f"token = '{canary('broken code', 'ghp_', 40)}' +",
    }


def elsewhere() -> dict[str, tuple[Any, dict[str, Any]]]:
    """Return changes to a notebook that put a secret anywhere but into code."""
    github = canary("elsewhere", "ghp_", 40)
    picture = base64.b64encode(f"token: {github}".encode()).decode()
    stream = {"output_type": "stream", "name": "stdout", "text": [f"token: {github}\n"]}
    error = {"output_type": "error", "ename": "E", "evalue": github, "traceback": [f"E: {github}"]}
    markup = {
        "output_type": "display_data",
        "data": {"text/html": f"<b>{github[:9]}</b><i>{github[9:]}</i>"},
        "metadata": {},
    }
    attached = {
        "cell_type": "markdown",
        "attachments": {"a.txt": {"text/plain": picture}},
        "source": "![a](attachment:a.txt)",
    }
    return {
        "output": ({"outputs": [stream]}, {}),
        "traceback": ({"outputs": [error]}, {}),
        "markup": ({"outputs": [markup]}, {}),
        "metadata": ({"metadata": {"login": {"token": github}}}, {}),
        "attachment": (attached, {}),
        "of the notebook": ({}, {"metadata": {"login": {"token": github}}}),
        "skip": ({"metadata": {"tags": ["skip"]}, "source": f"key = '{github}'"}, {}),
    }


def test_f2_a_secret_is_refused_and_never_shown(failing: Failing) -> None:
    orders = []
    for what, source in sources().items():
        name = what.replace(" ", "-")
        orders.append((f"secret in {what}", failing.notebook(name, "x = 1", source)))
    for what, (cell, more) in elsewhere().items():
        path = Path(failing.notebook(what.replace(" ", "-"), "x = 1", "x = 2", **more))
        made = json.loads(path.read_text())
        made["cells"][1] |= cell
        if made["cells"][1]["cell_type"] == "markdown":
            del made["cells"][1]["outputs"], made["cells"][1]["execution_count"]
        path.write_text(json.dumps(made))
        orders.append((f"secret in {what}", str(path)))
    forms = [("package",), ("package", "--json"), ("inspect",), ("inspect", "--json")]

    for number, (what, notebook) in enumerate(orders):
        command, *options = forms[number // 4 % 4]
        answer = failing.fails(what, 1, command, notebook, *options)
        assert "looks like" in answer.out + answer.err


def failing_runs(failing: Failing) -> dict[str, tuple[int, list[str]]]:
    """Return commands whose notebook knows a secret from its settings when it fails."""

    def package(name: str, *cells: Any) -> list[str]:
        return ["package", failing.notebook(name, READ, *cells), *SETTING]

    catching = (
        "try:\n    int(token)\nexcept ValueError as error:\n    raise RuntimeError from error"
    )
    pieces = "for part in token:\n    print(part, end='', flush=True)\nprint(1 / 0)"
    fetching = "import urllib.request as r\nr.urlopen(f'http://{token}.invalid', timeout=1)"
    return {
        "error": (1, package("error", "raise ValueError(f'no use for {token}')")),
        "error, json": (1, [*package("error-json", catching), "--json"]),
        "check": (1, package("check", (["check"], "assert token == '', token"))),
        "in pieces": (1, package("pieces", pieces)),
        "abort": (1, package("abort", "os.write(2, token.encode())\nos.abort()")),
        "no memory": (1, [*package("memory", "x = bytearray(9 << 30)"), "--memory-limit", "200"]),
        "host name": (1, package("host", fetching)),
        "file name": (1, package("file", "open(f'/opt/{token}', 'w')")),
    }


def test_f2_a_failing_run_does_not_tell_its_settings(failing: Failing) -> None:
    runs = failing_runs(failing)
    answers = {what: failing.fails(what, code, *words) for what, (code, words) in runs.items()}
    assert "no use for ***" in answers["error"].err
    assert "***" in answers["in pieces"].err


def test_f2_a_package_that_prints_its_settings(failing: Failing) -> None:
    source = "print(token)\nopen('plain.txt', 'w').write('x')\nresult = token"
    path = failing.notebook("printing", READ, source, (["metrics"], "shown = token"))
    failing.fails("package that prints", 0, "package", path, *SETTING, "--json")
    done = failing.fails("run that prints", 0, "run", "printing", *SETTING)
    assert "***" in done.out
    failing.fails("run that prints, json", 0, "run", "printing", *SETTING, "--json")
    executed = [*(failing.product.data_dir / "runs").rglob("executed.ipynb")]
    assert len(executed) == 2
    assert all("***" in notebook.read_text() for notebook in executed)
    fails = failing.notebook("late", READ, "raise KeyError(token)")
    assert failing.product("package", fails, "--no-verify").code == 0
    failing.fails("failing run", 1, "run", "late", *SETTING)
    failing.fails("run without its setting", 1, "run", "late")


def test_f2_wrong_use_does_not_repeat_what_was_given(failing: Failing) -> None:
    path = failing.notebook("plain", "x = 1")
    failing.fails("setting without a name", 2, "package", path, "--setting", TOKEN)
    failing.fails("setting with a bad name", 2, "package", path, "--setting", f"A B={TOKEN}")
    failing.fails("setting that may not be", 2, "package", path, "--setting", f"LD_X={TOKEN}")
    failing.fails("setting that is none", 2, "run", "printing", "--setting", TOKEN)


def test_f2_what_breaks_tells_no_secret(failing: Failing) -> None:
    secret = sources()["token"]
    torn = Path(failing.notebook("torn", secret))
    torn.write_text(torn.read_text()[:-25])
    failing.fails("torn notebook", 2, "package", str(torn))
    odd = Path(failing.notebook("odd", secret))
    odd.write_text(json.dumps({"cells": {"source": secret}, "nbformat": 4}))
    failing.fails("no notebook", 2, "package", str(odd))
    path = failing.notebook("plain", READ)
    assert failing.product("package", path, *SETTING, env=failing.environ).code == 0
    spoilt = Product(failing.home / "spoilt", failing.home)
    spoilt.data_dir.mkdir()
    (spoilt.data_dir / "ledger.sqlite").write_bytes(b"no database" * 999)
    (spoilt.data_dir / "store").write_text("no directory")
    for words in (["list"], ["package", path, *SETTING]):
        answer = spoilt(*words, env={**failing.environ, "MODELPACK_DEBUG": "1"})
        failing.said[f"spoilt data directory: {words[0]}"] = answer
        assert answer.code == 3
    crash = {"MODELPACK_DEBUG": "1", "PYTHONPATH": str(failing.home / "crash")}
    (failing.home / "crash").mkdir()
    (failing.home / "crash" / "sitecustomize.py").write_text(CRASH)
    failing.fails("crash, with its trace", 3, "package", path, *SETTING, **crash)
    assert "Traceback" in failing.said["crash, with its trace"].err


CRASH = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "jupyter_modelpack.services.verifying":
            raise RuntimeError("made to crash")
sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize("signal", [SIGKILL, SIGINT, SIGTERM], ids=lambda signal: signal.name)
def test_f2_a_stopped_run_leaves_no_secret(failing: Failing, signal: Signals) -> None:
    path = failing.notebook("slow", READ, "import time\ntime.sleep(9)")
    with watched_arguments() as seen:
        answer = stopped(
            ["package", path, *SETTING],
            failing.product.data_dir,
            after="Make the image",
            delay=1.0,
            with_signal=signal,
            env=failing.environ,
        )
    failing.said[f"stopped by {signal.name}"] = answer
    assert signal == SIGKILL or is_one_sentence(answer), answer.err
    assert seen == []


@contextmanager
def watched_arguments() -> Iterator[list[str]]:
    """Watch the arguments of all processes for a secret that is not in a command of this test."""
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.03):
            for folder in Path("/proc").iterdir():
                if folder.name.isdigit():
                    try:
                        words = (folder / "cmdline").read_bytes()
                    except OSError:
                        continue
                    ours = words.startswith(f"{sys.executable}\0-m\0jupyter_modelpack\0".encode())
                    if MARK.encode() in words and not ours:
                        seen.append(words.decode("utf-8", "replace"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def test_f2_nothing_that_was_said_or_kept_has_a_canary(failing: Failing) -> None:
    """Look at everything once more, after all the others in this file."""
    found = []
    for what, answer in failing.said.items():
        found += [f"{what}: {text}" for text in leaks((answer.out + answer.err).encode())]
    kept = leaks_below(failing.product.data_dir) + leaks_below(failing.home / "tmp")
    kept += leaks_below(failing.home / "spoilt")
    print(
        f"F2: {len(canary.planted)} canaries, {len(failing.said)} commands that failed or printed "
        f"them, {len(found)} in what they said, {len(kept)} in what they left"
    )
    assert len(failing.said) >= 30
    assert found == []
    assert kept == []

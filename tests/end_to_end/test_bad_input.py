"""Bad input: each ends in one clear sentence and the right exit code, and nothing is lost."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.product import ROOT, Answer, Product, document
from tests.watched import Within, is_one_sentence, last_line, without_privilege

Notebook = Callable[..., Path]


@pytest.fixture(name="product")
def product_within(product: Product) -> Product:
    """The product in the data directory that all share, without a process for each command."""
    return Within(product.data_dir, product.examples)


def refused(answer: Answer, code: int, *words: str) -> None:
    """Assert that a command ended with a code and one sentence that has these words."""
    assert answer.code == code, answer.err
    assert is_one_sentence(answer), answer.err
    for word in words:
        assert word in last_line(answer), answer.err


def codes(record: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(finding["code"], finding["cell"]) for finding in record["findings"]]


# What cannot be read


def test_notebooks_that_cannot_be_read(product: Product, tmp_path: Path) -> None:
    whole = json.dumps(document("x = 1"))
    contents = {
        "empty": (b"", "empty.ipynb is empty."),
        "torn": (whole[:-30].encode(), "torn.ipynb cannot be read as a notebook"),
        "bytes": (bytes(range(256)) * 9, "bytes.ipynb cannot be read as a notebook"),
        "list": (b"[1, 2]", "not a notebook"),
        "object": (b"{}", "not a notebook"),
        "cells": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 7}', "notebook"),
        "deep": (b"[" * 100_000, "notebook"),
        "future": (whole.replace('"nbformat": 4', '"nbformat": 9').encode(), "notebook"),
    }
    cases = []
    for name, (content, says) in contents.items():
        path = tmp_path / f"{name}.ipynb"
        path.write_bytes(content)
        cases.append((path, says))
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "dangling.ipynb").symlink_to("nowhere.ipynb")
    for name in ("folder", "pipe", "dangling", "absent"):
        cases += [(tmp_path / f"{name}.ipynb", "There is no notebook")]
    answers = (product("package", str(case[0])) for case in cases)
    for answer, (_, says) in zip(answers, cases, strict=True):
        refused(answer, 2, says)
    print(f"bad input: {len(cases)} files that are no notebooks, {len(cases)} clear sentences")


@contextmanager
def forbidden(path: Path, mode: int = 0) -> Iterator[None]:
    old = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(old)


def test_files_without_permission(notebook: Notebook, tmp_path: Path) -> None:
    before = without_privilege()
    if before is None:
        pytest.skip("root reads everything, and user namespaces cannot be made here")
    path = notebook("import helper", "print(open('rates.csv').read())")
    for name in ("helper.py", "rates.csv"):
        (tmp_path / name).write_text("rate = 1\n")
    data = tmp_path / "data"

    def package(data_dir: Path = data) -> Answer:
        words = [sys.executable, "-m", "jupyter_modelpack", "package", str(path)]
        words += ["--no-verify", "--data-dir", str(data_dir)]
        done = subprocess.run([*before, *words], cwd=ROOT, capture_output=True, text=True)
        return Answer(done.returncode, done.stdout, done.stderr)

    for name in ("notebook.ipynb", "rates.csv", "helper.py"):
        with forbidden(tmp_path / name):
            refused(package(), 2, f"{name} cannot be read: Permission denied.")
    locked = tmp_path / "locked"
    locked.mkdir()
    with forbidden(locked, 0o500):
        refused(package(locked / "data"), 3, "cannot be used: Permission denied", "--data-dir")
    print("bad input: 4 places without permission, 4 clear sentences")


# Kernels


def kernelspec(folder: Path, name: str, argv: list[str], language: str, **env: str) -> None:
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    spec = {"argv": argv, "display_name": name.title(), "language": language, "env": env}
    (place / "kernel.json").write_text(json.dumps(spec))


def test_kernels_that_cannot_be_packaged(
    product: Product, notebook: Notebook, tmp_path: Path
) -> None:
    tail = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "encodings.py").write_text("raise SystemError('no start today')\n")
    kernelspec(tmp_path, "statistics", ["R", "--slave"], "R")
    kernelspec(tmp_path, "vanished", ["/nowhere/bin/python", *tail], "python")
    broken = str(tmp_path / "broken")
    kernelspec(tmp_path, "broken", [sys.executable, *tail], "python", PYTHONPATH=broken)
    kernelspec(tmp_path, "shell", ["/bin/sh", "start.sh"], "python")
    torn = tmp_path / "kernels" / "torn"
    torn.mkdir()
    (torn / "kernel.json").write_text('{"argv": [')
    environ = {"JUPYTER_PATH": str(tmp_path)}
    cases = {
        "nowhere-to-be-found": (2, ("There is no kernel nowhere-to-be-found.", "statistics")),
        "statistics": (2, ("Statistics, runs R and not Python.",)),
        "vanished": (2, ("The Python of kernel Vanished is gone",)),
        "broken": (3, ("The Python of kernel Broken stopped with an error",)),
        "shell": (2, ("does not show its Python",)),
        "torn": (2, ("The description of kernel torn cannot be read.",)),
    }
    paths = [notebook("x = 1", kernel=kernel, name=f"{kernel}.ipynb") for kernel in cases]
    for answer, (code, words) in zip(
        (product("package", str(path), env=environ) for path in paths),
        cases.values(),
        strict=True,
    ):
        refused(answer, code, *words)
    path = notebook("x <- 1", kernel=None)
    stated = {**json.loads(path.read_text()), "metadata": {"language_info": {"name": "julia"}}}
    path.write_text(json.dumps(stated))
    refused(product("package", str(path)), 1, "ulia, and only Python can be packaged")
    print(f"bad input: {len(cases) + 1} kernels, none silently run as another")


def test_a_notebook_that_names_no_kernel_says_which_one_it_got(
    product: Product, notebook: Notebook
) -> None:
    answer = product("package", str(notebook("x = 1", kernel=None)), "--no-verify", "--json")
    assert answer.code == 0, answer.err
    assert codes(answer.json) == [("kernel-assumed", None)]


# What the sealed run shows


def test_a_cell_that_fails_is_named(product: Product, notebook: Notebook) -> None:
    answer = product("package", str(notebook("x = 1", "x = 2\n1 / 0", name="fails.ipynb")))
    refused(answer, 1, "Cell 2 failed in the sealed run: ZeroDivisionError: division by zero")
    assert "----> 2 1 / 0" in answer.err, "the end of the log is not shown"
    answer = product("list", "fails", "--json")
    assert answer.json == {"packages": []}


def test_a_cell_that_needs_too_much_memory(product: Product, notebook: Notebook) -> None:
    sources = {
        "at-once": "block = bytearray(900 << 20)",
        "slowly": "blocks = []\nwhile True:\n    blocks.append(b'x' * (9 << 20))",
        "doubling": "text = 'x'\nwhile True:\n    text += text",
    }
    paths = [notebook("x = 1", source, name=f"{n}.ipynb") for n, source in sources.items()]
    for answer in (product("package", str(path), "--memory-limit", "250") for path in paths):
        refused(answer, 1, "Cell 2 needed more memory than the run may have.")


def test_an_endless_notebook_is_verified_to_its_cell(product: Product, notebook: Notebook) -> None:
    path = notebook("x = 1", "while True:\n    pass", "x = 2", name="endless.ipynb")
    answer = product("package", str(path), "--time-limit", "1", "--json")
    assert answer.code == 0, answer.err
    record = answer.json
    assert record["verified"]["phase"] == "Succeeded"
    assert record["verified"]["text"] == "Verified to cell 1 of 3: the time limit was reached."
    assert ("verified-in-part", 1) in codes(record)


def test_a_failed_check_before_an_endless_cell_is_a_failure(
    product: Product, notebook: Notebook
) -> None:
    path = notebook((["check"], "assert False, 'no rows'"), "while True:\n    pass", name="c.ipynb")
    answer = product("package", str(path), "--time-limit", "1")
    refused(answer, 1, "The check in cell 1 failed: no rows")


def own_address() -> str:
    """Return an address of this machine that is not the loopback one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = str(probe.getsockname()[0])
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        pytest.skip("this machine has no address but the loopback one")
    return address


@pytest.fixture
def served() -> Iterator[str]:
    """Serve one small text over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"rate,2")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{own_address()}:{server.server_port}/rates.csv"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_notebook_that_needs_the_network(
    product: Product, notebook: Notebook, served: str
) -> None:
    fetch = f"rates = urllib.request.urlopen('{served}', timeout=5).read()\nprint(rates)"
    path = notebook("import urllib.request", fetch, "x = 1", name="fetching.ipynb")
    sealed = product("package", str(path))
    refused(sealed, 1, "Cell 2 needs the network, and a sealed run has none", "allow the network")
    allowed = product("package", str(path), "--allow-network", "--json")
    assert allowed.code == 0, allowed.err
    verified = allowed.json["verified"]
    assert (verified["phase"], verified["sealed"]) == ("Succeeded", False)
    assert verified["text"].startswith("Ran, not sealed: the network was allowed, cell 2 used it.")
    assert allowed.json["isolation"]["sealed"] is False
    assert ("uses-network", 2) in codes(allowed.json)
    # the same notebook, seen to need the network, is not verified without it afterwards
    refused(product("package", str(path)), 1, "Cell 2 needs the network")


def test_the_network_allowed_and_not_there(product: Product, notebook: Notebook) -> None:
    fetch = "import urllib.request\nurllib.request.urlopen('http://nowhere.invalid/', timeout=5)"
    answer = product("package", str(notebook(fetch, name="far.ipynb")), "--allow-network")
    refused(answer, 1, "Cell 1 failed in the run: URLError")


def test_a_write_outside_is_a_finding_with_its_cell(product: Product, notebook: Notebook) -> None:
    write = "try:\n    open('/opt/' + name, 'w')\nexcept OSError:\n    print('refused')"
    path = notebook("name = 'a.txt'", write, name="outside.ipynb")
    record = product("package", str(path), "--json").json
    assert ("writes-outside", 2) in codes(record)
    assert "outside its folder was refused" in record["verified"]["text"]
    path = notebook("x = 1", "open('/opt/a.txt', 'w')", name="outside.ipynb")
    answer = product("package", str(path), "--json")
    assert answer.code == 1
    found = [f["code"] for f in answer.error["details"]["findings"]]
    assert sorted(found) == ["run-failed", "writes-outside"], "each thing is told once"


def test_a_module_imported_by_name_is_added(product: Product, notebook: Notebook) -> None:
    dynamic = "module = importlib.import_module(bytes([106, 117]).decode() + 'pyter_core')"
    path = notebook("import importlib", f"{dynamic}\nprint(module.__name__)", name="dynamic.ipynb")
    answer = product("package", str(path), "--json")
    assert answer.code == 0, answer.err
    record = answer.json
    assert record["verified"]["phase"] == "Succeeded"
    assert "module-added" in [code for code, _ in codes(record)]
    added = next(f for f in record["findings"] if f["code"] == "module-added")
    assert "jupyter_core" in added["message"]
    assert "jupyter_core" in [d["name"].replace("-", "_") for d in record["distributions"]]
    path = notebook("import importlib", "importlib.import_module('nowhere_' + 'at_all')")
    refused(product("package", str(path)), 1, "Cell 2 failed", "No module named 'nowhere_at_all'")


# Wrong use


def test_wrong_use(product: Product, notebook: Notebook) -> None:
    path = str(notebook("x = 1"))
    cases = [
        (("--name", "Not A Name"), "cannot be the name of a package"),
        (("--setting", "TOKEN"), "is not NAME=VALUE"),
        (("--setting", "LD_PRELOAD=/x"), "would change how the image works"),
        (("--setting", "A B=1"), "cannot be a setting"),
        (("--source", "base"), "not part of this version"),
        (("--memory-limit", "3"), "A run needs at least 64 MiB of memory."),
    ]
    answers = (product("package", path, *case[0]) for case in cases)
    for answer, (_, says) in zip(answers, cases, strict=True):
        refused(answer, 2, says)

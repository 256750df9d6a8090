"""Names that a terminal, a record or an image could take for something else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tests.product import Product, document
from tests.watched import Within, is_one_sentence

PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_what_looks_like_markup_is_shown_as_it_is(product: Product, tmp_path: Path) -> None:
    folder = tmp_path / "old [/red] [bold]"
    folder.mkdir(parents=True)
    path = folder / "markup.ipynb"
    failing = "assert text.startswith('[/r'), '[/nope] ' + text"
    cells = ((["parameters"], "text = '[/red]'"), (["check"], failing), "open('[red].txt', 'w')")
    path.write_text(json.dumps(document(*cells)))
    shop = Within(product.data_dir, folder)
    assert shop("package", str(path)).code == 0
    shown = shop("show", "markup")
    assert shown.code == 0 and str(path) in shown.out and "'[/red]'" in shown.out
    ran = shop("run", "markup", "-p", "text=[/x]", "--output", str(folder / "out"))
    assert ran.code == 1, ran.err
    assert "[/nope] [/x]" in ran.out and str(folder) in ran.out
    target = folder / "[red].yaml"
    exported = shop("export", "markup", "--format", "kubernetes", "-o", str(target))
    assert exported.code == 0 and str(target) in exported.out
    there = Within(folder / "data", folder)
    assert str(folder) in there("doctor").out


def test_names_that_are_no_text(product: Product, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    (tmp_path / "helper").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "helper" / "__init__.py").touch()
    (tmp_path / "data" / "good.csv").touch()
    try:
        for name in (b"/data/caf\xe9.csv", b"/helper/caf\xe9.txt"):
            os.close(os.open(folder + name, os.O_CREAT))
    except OSError:
        return  # a file system that holds nothing but text: there is nothing to get wrong
    path = tmp_path / "names.ipynb"
    path.write_text(json.dumps(document("import glob, helper\nprint(len(glob.glob('data/*')))")))
    answer = product("package", str(path), "--json", env=PLAIN)
    assert answer.code == 0, answer.err
    files = [file["path"] for file in answer.json["files"]]
    assert files == ["data/good.csv", "helper/__init__.py"]
    assert [f["code"] for f in answer.json["findings"]] == ["file-left-out"]
    out = os.fsdecode(folder + b"/caf\xe9.yaml")
    exported = product("export", "names", "--format", "kubernetes", "-o", out)
    assert exported.code == 0 and os.path.exists(out)
    odd = os.fsdecode(folder + b"/caf\xe9.ipynb")
    shutil.copy(path, odd)
    refused = product("package", odd)
    assert refused.code == 2 and is_one_sentence(refused), refused.err
    assert "is not text in UTF-8" in refused.err


def test_a_terminal_that_lacks_signs_still_gets_an_answer(product: Product, tmp_path: Path) -> None:
    path = tmp_path / "größe ✓.ipynb"
    path.write_text(json.dumps(document("print('größe ✓')")))
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    for words in (["package", str(path)], ["show", "groe"], ["run", "groe"], ["list"]):
        answer = product(*words, env=ascii_only)
        assert answer.code == 0, answer.err
        assert (answer.out + answer.err).isascii()

"""A6: no path parameter leads out of the server's root folder, and no link does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.contents import ContentsPaths
from jupyter_modelpack.errors import InvalidInput, NotFound

CANARY = "canary-5f1c"


def vectors(outside: Path) -> list[str]:
    """Sixty ways and more to say a path outside the root."""
    up = ["../secret.ipynb", "../../secret.ipynb", "a/../../secret.ipynb", "./../secret.ipynb",
          "a/b/../../../secret.ipynb", "..", "../", "/..", "a/..", ".", "./", "", "/", "//",
          "../root_dir/../secret.ipynb", "../root_dir2/secret.ipynb", "..//secret.ipynb",
          "...//secret.ipynb", ".../secret.ipynb", "a/./../../secret.ipynb"]  # fmt: skip
    windows = ["..\\s.ipynb", "a\\..\\..\\secret.ipynb", "C:\\secret.ipynb", "C:/s.ipynb",
               "\\\\host\\share\\secret.ipynb", "..\\/secret.ipynb", "..%5cs.ipynb"]  # fmt: skip
    encoded = ["%2e%2e/secret.ipynb", "%2e%2e%2fsecret.ipynb", "..%2fsecret.ipynb",
               "%252e%252e%252fsecret.ipynb", "..%c0%afsecret.ipynb", "%c0%ae%c0%ae/secret.ipynb",
               "..%00/secret.ipynb", "..%u2215secret.ipynb"]  # fmt: skip
    wide = ["\uff0e\uff0e/secret.ipynb", "\u2024\u2024/secret.ipynb", "..\u2215secret.ipynb",
            "..\uff0fsecret.ipynb", "\u2025/secret.ipynb", "..\u2044secret.ipynb",
            "..\uff3csecret.ipynb"]  # fmt: skip
    odd = ["../secret.ipynb\0", "..\0/secret.ipynb", "\0", "a\0.ipynb", "..\n/secret.ipynb",
           "..\r/secret.ipynb", "..\t/secret.ipynb", " ../secret.ipynb", "../secret.ipynb ",
           ".. /secret.ipynb", " .. /secret.ipynb", "..;/secret.ipynb", "..?/secret.ipynb",
           "..#/secret.ipynb", "~/secret.ipynb", "~root/secret.ipynb", "$HOME/secret.ipynb",
           "file:///etc/passwd", f"file://{outside}"]  # fmt: skip
    absolute = [str(outside), "/" + str(outside), "/etc/passwd", "/proc/self/environ",
                "//etc/passwd", "proc/self/environ", "/dev/stdin.ipynb"]  # fmt: skip
    long = ["../" * 400 + "secret.ipynb", "a" * 5000 + ".ipynb", "a/" * 600 + "x.ipynb"]
    links = ["link.ipynb", "folder/secret.ipynb", "folder/../folder/secret.ipynb", "loop.ipynb",
             "loop/secret.ipynb", "dangling.ipynb", "h/../link.ipynb", "chain.ipynb"]  # fmt: skip
    hidden = [".ssh/secret.ipynb", ".git/config", ".ipynb_checkpoints/churn-checkpoint.ipynb",
              ".env", "to-hidden.ipynb"]  # fmt: skip
    return [*up, *windows, *encoded, *wide, *odd, *absolute, *long, *links, *hidden]


@pytest.fixture
def outside(tmp_path, jp_root_dir):
    place = tmp_path / "secret.ipynb"
    content = {"cells": [], "metadata": {"title": CANARY}, "nbformat": 4, "nbformat_minor": 5}
    for each in (place, tmp_path / "root_dir2" / "secret.ipynb", jp_root_dir / ".ssh" / "x.ipynb"):
        each.parent.mkdir(exist_ok=True)
        each.write_text(json.dumps(content), "utf-8")
    (jp_root_dir / "link.ipynb").symlink_to(place)
    (jp_root_dir / "chain.ipynb").symlink_to("link.ipynb")
    (jp_root_dir / "folder").symlink_to(tmp_path)
    (jp_root_dir / "loop").symlink_to("loop")
    (jp_root_dir / "loop.ipynb").symlink_to("loop.ipynb")
    (jp_root_dir / "dangling.ipynb").symlink_to(tmp_path / "gone.ipynb")
    (jp_root_dir / "to-hidden.ipynb").symlink_to(".ssh/x.ipynb")
    return place


def test_a6_contents_paths_refuse_all(outside, jp_root_dir):
    paths = ContentsPaths(jp_root_dir)
    tried = 0
    for vector in vectors(outside):
        for ask in (paths.notebook, paths.target):
            tried += 1
            try:
                found = os.path.realpath(ask(vector))
            except (InvalidInput, NotFound) as error:
                assert error.advice or error.message
                assert CANARY not in str(error)
            else:  # a name that is odd, but inside
                assert ask == paths.target, vector
                assert found.startswith(f"{jp_root_dir}/"), vector
    assert len(vectors(outside)) >= 60
    print(f"A6: {len(vectors(outside))} vectors, {tried} places asked for, 0 outside")


async def test_a6_no_bytes_from_outside(client, outside, jp_root_dir, calls, data_dir):
    before = {place: place.read_bytes() for place in outside.parent.glob("*.ipynb")}
    requests = 0
    for vector in vectors(outside):
        query = {"path": vector}
        answers = [
            await client("GET", "inspection", params=query),
            await client("POST", "builds", body={"path": vector}),
        ]
        if vector:
            answers.append(await client("GET", "builds", params=query))
            answers.append(await client("GET", "packages", params=query))
        export = {"format": "kubernetes", "path": vector}
        answers.append(await client("POST", "packages", "churn", "1.0.0", "export", body=export))
        for answer in answers:
            assert answer.status in (400, 404), (vector, answer)
            assert answer.body["error"]["message"]
            assert CANARY not in json.dumps(answer.body)
            requests += 1
    for vector in [v for v in vectors(outside) if v.isascii() and v.isprintable() and len(v) < 200]:
        quoted = "".join(f"%{ord(character):02X}" for character in vector) or "%2E%2E"
        for parts in (
            ("builds", quoted),
            ("builds", quoted, "log"),
            ("runs", quoted),
            ("runs", quoted, "log"),
            ("runs", quoted, "notebook"),
            ("packages", "churn", quoted),
            ("packages", quoted, "1.0.0", "pipeline"),
        ):
            answer = await client("GET", *parts)
            assert answer.status in (400, 404), (parts, answer)
            assert CANARY not in str(answer.body)
            requests += 1
    assert calls("inspect") == calls("package") == []
    assert before == {place: place.read_bytes() for place in outside.parent.glob("*.ipynb")}
    assert not list(outside.parent.glob("*.yaml"))
    print(f"A6: {requests} requests, 0 bytes from outside")


async def test_a6_a_link_to_outside_is_refused_in_clear_words(client, outside):
    answer = await client("POST", "builds", body={"path": "link.ipynb"})
    assert answer.status == 400
    error = answer.body["error"]
    assert error["message"] == "'link.ipynb' leads out of the folder that Jupyter shows."
    assert error["advice"] == "Copy the file here instead of linking to it."


def test_links_that_stay_inside_are_followed(jp_root_dir):
    (jp_root_dir / "real").mkdir()
    (jp_root_dir / "real" / "churn.ipynb").write_text("{}")
    (jp_root_dir / "inside").symlink_to("real")
    paths = ContentsPaths(jp_root_dir)
    place = paths.notebook("inside/churn.ipynb")
    assert place == str(jp_root_dir / "real" / "churn.ipynb")
    assert paths.shown(place) == "real/churn.ipynb"
    assert paths.notebook("/real//churn.ipynb") == place
    assert paths.shown("/etc/passwd") == ""
    assert paths.shown(f"{jp_root_dir}2/x") == ""

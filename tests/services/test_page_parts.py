"""The parts of pages: differences in which nothing is hidden, logs, plots, and small lines."""

from __future__ import annotations

import base64
import json

import pytest
from reviewed_team import executed, png

from jupyter_modelpack.adapters.proof_files import ProofFiles
from jupyter_modelpack.handlers.page_words import ago, lasting, middle, number, short, size
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.line_diff import diff_lines, plainly
from jupyter_modelpack.services.plots import plots_of
from jupyter_modelpack.services.terminal_text import terminal_text
from jupyter_modelpack.services.trend import metric_rows, points


def test_lines_are_marked_and_far_ones_folded():
    before = "\n".join(f"line {n}" for n in range(20))
    lines = diff_lines(before, before.replace("line 10", "other"))
    kinds = [line.kind for line in lines]
    assert kinds == ["gap", "same", "same", "removed", "added", "same", "same", "gap"]
    assert [line.count for line in lines if line.kind == "gap"] == [8, 7]
    assert [line.kind for line in diff_lines(None, "x\ny")] == ["added", "added"]
    assert diff_lines("", None) == ()
    huge = "\n".join(str(n) for n in range(2000))
    assert len(diff_lines(huge, huge + "x")) == 4000  # whole, instead of slowly


def test_what_is_unseen_is_written_out():
    assert plainly("pass\u202e\u200b") == "pass⟨U+202E⟩⟨U+200B⟩"
    assert diff_lines("", "x\u2066")[0].text == "x⟨U+2066⟩"


def test_a_log_is_what_a_terminal_would_show():
    assert terminal_text("\x1b[1;31mred\x1b[0m\r\n10 %\r50 %\rdone\n") == "red\ndone\n"
    assert terminal_text("\x1b]8;;http://x\x07link\x1b]8;;\x07 \x1b(B\x00") == "link "


def cell_with(**data):
    return json.dumps({"cells": [{"outputs": [{"data": data}]}]}).encode()


@pytest.mark.parametrize(
    "kind_and_content",
    [
        ("image/png", b"<svg onload=x>"),
        ("image/png", png()[:10]),
        ("image/png", png().replace(b"\x00\x00\x00\xf0", b"\x7f\xff\xff\xff", 1)),
        ("image/png", png() + bytes(3 << 20)),
        ("image/jpeg", png()),
    ],
)
def test_what_is_no_picture_is_left_out(kind_and_content):
    kind, content = kind_and_content
    found = plots_of(cell_with(**{kind: base64.b64encode(content).decode()}))
    assert (found.shown, found.left_out) == ((), 1)


def test_plots_are_few_and_come_from_anything():
    assert plots_of(json.dumps(executed()).encode()).shown[0].cell == 2
    one = {"data": {"image/png": [base64.b64encode(png()).decode()]}}
    many = plots_of(json.dumps({"cells": [{"outputs": [one] * 20}]}).encode())
    assert (len(many.shown), many.left_out) == (12, 8)
    for odd in (b"", b"[]", b"{}", b'{"cells": 1}', b'{"cells": [1, {"outputs": [{"data": 1}]}]}'):
        assert plots_of(odd).shown == ()
    assert plots_of(cell_with(**{"image/svg+xml": "<svg/>"})).shown == ()


def test_small_lines_stay_inside_and_odd_values_are_no_numbers():
    drawn = points([1.0, 5.0, 3.0])
    assert all(0 <= x <= 150 and 0 <= y <= 26 for x, y in drawn) and len(drawn) == 3
    changes = [
        {"name": "auc", "before": 0.5, "after": 0.75},
        {"name": "x", "before": "a", "after": 1},
    ]
    rows = metric_rows(changes, [{"auc": 0.5}, {"auc": float("nan")}, {"auc": True}, {"auc": 0.75}])
    assert (rows[0]["change"], rows[0]["series"], rows[1]["change"]) == (0.25, [0.5, 0.75], None)


def test_words():
    assert (size(361_000_000), size(4_900), size(None)) == ("361 MB", "4.9 kB", "unknown")
    assert (number(1204331), number(0.9), number(1e-5)) == ("1,204,331", "0.9", "1e-05")
    assert short("sha256:" + "9f" * 32) == "sha256:9f9f9f…9f9f"
    assert len(middle("x" * 500)) == 35 and middle("churn") == "churn"
    assert ago("2020-01-02T00:00:00Z") == "on 2 January 2020"
    assert lasting("2020-01-02T00:00:00Z") == "since 2 January 2020"


def test_proofs_are_kept_beside_the_store_and_go_with_the_release(tmp_path):
    digest, other = str(Digest.of(b"1")), str(Digest.of(b"2"))
    files, notebook = ProofFiles(tmp_path / "proofs"), tmp_path / "executed.ipynb"
    notebook.write_text(json.dumps(executed()))
    files.keep(digest, "said\n", notebook)
    files.keep(other, "\ud800", tmp_path / "none.ipynb")
    log, content = files.read(digest)
    assert log == "said\n" and json.loads(content) == executed()
    assert files.read(other)[1] is None
    assert (tmp_path / "proofs" / f"{digest[7:]}.json").stat().st_mode & 0o077 == 0
    files.collect([digest])
    assert files.read(other) is None and files.read(digest) is not None
    assert [each.suffix for each in (tmp_path / "proofs").iterdir()] == [".json"]

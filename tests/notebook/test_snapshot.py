from __future__ import annotations

import json

import nbformat
import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.snapshot import take_snapshot
from jupyter_modelpack.oci.digest import Digest
from tests.notebook.notebooks import code, document, markdown, snapshot


def read(*contents: bytes):
    left = list(contents)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_a_snapshot_holds_bytes_digest_and_numbered_cells() -> None:
    content = json.dumps(document(markdown("# Hi"), code("x = 1", "check", count=3))).encode()
    taken = take_snapshot(lambda: content, "models/churn.ipynb")
    assert (taken.name, taken.kernel_name, taken.language) == ("churn", "python3", "python")
    assert taken.digest == Digest.of(content) and taken.content == content
    assert [cell.number for cell in taken.cells] == [1, 2]
    assert taken.cells[1].tags == ("check",) and taken.cells[1].execution_count == 3
    nbformat.validate(taken.notebook)
    assert taken.notebook["nbformat_minor"] == 5


def test_ids_are_the_same_every_time_and_unique() -> None:
    same = [code("x = 1"), code("x = 1")]
    one, two = snapshot(*same), snapshot(*same)
    assert [cell.id for cell in one.cells] == [cell.id for cell in two.cells]
    assert len({cell.id for cell in one.cells}) == 2


def test_a_torn_file_is_read_again() -> None:
    whole = json.dumps(document("x = 1")).encode()
    waited: list[float] = []
    taken = take_snapshot(read(whole[:40], b"", whole), "a.ipynb", wait=waited.append)
    assert taken.content == whole
    assert waited == [0.15, 0.3]


def test_what_a_second_reading_does_not_confirm_is_not_taken() -> None:
    old, new = (json.dumps(document(f"version = {n}")).encode() for n in (1, 2))
    assert take_snapshot(read(old, new), "a.ipynb").content == new


def test_a_file_that_never_stands_still_is_refused() -> None:
    versions = [json.dumps(document(f"version = {n}")).encode() for n in range(20)]
    with pytest.raises(InvalidInput, match="keeps changing"):
        take_snapshot(read(*versions), "a.ipynb", wait=lambda _: None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "study.ipynb is empty."),
        (b'{"cells": [', "cut off or damaged"),
        (b"\xff\xfe\x00", "cut off or damaged"),
        (b"[1, 2]", "not a notebook"),
        (b'{"a": 1}', "not a notebook"),
        (b'{"nbformat": 5, "cells": []}', "newer than this version"),
        (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
        (b'{"nbformat": 4, "cells": [7]}', "cell 1 is not a cell"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "poem"}]}', "a kind that no notebook has"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]}', "not text"),
        (b'{"nbformat": 4, "cells": [%s]}' % (b"[" * 100_000 + b"]" * 100_000), "deeply"),
        (b'{"nbformat": 4, "cells": [], "x": 1%s}' % (b"0" * 5000), "damaged"),
        (b'{"nbformat": 3, "worksheets": 7}', "no worksheets"),
    ],
)
def test_what_is_no_notebook_is_refused_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        take_snapshot(lambda: content, "study.ipynb", wait=lambda _: None)
    assert sentence in refused.value.message
    assert refused.value.advice and refused.value.field == "path"


def test_a_notebook_that_is_too_large_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(InvalidInput, match=r"has 2 MB, and a notebook may have 1 MB"):
        take_snapshot(lambda: b" " * 2_000_000, "a.ipynb", limit=1_000_000)


def test_an_error_of_reading_passes_through() -> None:
    def gone() -> bytes:
        raise FileNotFoundError("a.ipynb")

    with pytest.raises(FileNotFoundError):
        take_snapshot(gone, "a.ipynb")


def test_format_3_is_upgraded_in_memory() -> None:
    old = {
        "metadata": {"name": ""},
        "nbformat": 3,
        "nbformat_minor": 0,
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "source": ["Title"], "metadata": {}},
                    {
                        "cell_type": "code",
                        "collapsed": False,
                        "input": ["x = 1\n", "x"],
                        "language": "python",
                        "metadata": {},
                        "outputs": [
                            {"output_type": "pyout", "prompt_number": 1, "text": "1"},
                            {"output_type": "stream", "stream": "stderr", "text": "no"},
                            {"output_type": "display_data", "png": "aGk=", "text": "<a>"},
                            {
                                "output_type": "pyerr",
                                "ename": "E",
                                "evalue": "v",
                                "traceback": ["a", "b"],
                            },
                        ],
                        "prompt_number": 1,
                    },
                ]
            }
        ],
    }
    content = json.dumps(old).encode()
    taken = take_snapshot(lambda: content, "old.ipynb")
    assert taken.content == content
    assert [cell.kind for cell in taken.cells] == ["markdown", "code"]
    assert taken.cells[1].source == "x = 1\nx" and taken.cells[1].execution_count == 1
    nbformat.validate(taken.notebook)
    by_library = nbformat.reads(content.decode(), as_version=4)
    for ours, theirs in zip(taken.notebook["cells"], by_library["cells"], strict=True):
        assert ours["source"] == theirs["source"]
        assert ours.get("outputs", []) == [dict(output) for output in theirs.get("outputs", [])]


def test_what_carries_no_meaning_is_mended() -> None:
    odd = document(
        {
            "cell_type": "code",
            "source": ["a = 1\n", "\ud800"],
            "metadata": {"tags": ["check", "check", 5, "a,b", " "], "collapsed": "yes"},
            "outputs": [5, {"output_type": "display_data"}, {"output_type": "unheard"}],
            "execution_count": "three",
            "unknown": True,
        },
        {"cell_type": "markdown", "id": "not allowed!", "attachments": {"a.png": {"image/png": 5}}},
        metadata={"kernelspec": {"name": "mine"}, "language_info": 5, "authors": "me"},
    )
    content = json.dumps(odd).encode()
    taken = take_snapshot(lambda: content, "a.ipynb")
    nbformat.validate(taken.notebook)
    assert taken.cells[0].tags == ("check",)
    assert taken.cells[0].source == "a = 1\n\ufffd"
    assert taken.kernel_name == "mine" and taken.language is None


def test_numbers_that_json_does_not_have_become_null() -> None:
    content = (
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code",'
        b' "id": "a", "metadata": {"x": NaN}, "source": "", "outputs": [], "execution_count": 1}]}'
    )
    taken = take_snapshot(lambda: content, "a.ipynb")
    assert json.loads(json.dumps(taken.notebook, allow_nan=False))["cells"][0]["metadata"] == {
        "x": None
    }

from __future__ import annotations

from typing import Any

from jupyter_modelpack.notebook.reproduction import compare


def code(
    *outputs: dict[str, Any], ran: int | None = 1, tags: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": ran,
        "metadata": {"tags": list(tags)},
        "outputs": list(outputs),
    }


def stdout(text: Any) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def result(**data: str) -> dict[str, Any]:
    named = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "execute_result", "data": named, "execution_count": 1}


def test_equal_text_is_the_same_however_it_is_split() -> None:
    stored = [code(stdout(["a\n", "b"])), code(result(text_plain="<X at 0x7fffaa00>"))]
    ran = [code(stdout("a\n"), stdout("b\n")), code(result(text_plain="<X at 0x1234567>"))]
    found = compare(stored, ran)
    assert (found.same, found.differ) == ((1, 2), ())
    assert found.sentence == "Same output as in the notebook in 2 cells."


def test_other_text_is_named_by_its_cell() -> None:
    markdown = {"cell_type": "markdown", "source": "x"}
    found = compare(
        [markdown, code(stdout("1")), code(stdout("2"))],
        [markdown, code(stdout("1")), code(stdout("3"))],
    )
    assert found.differ == (3,)
    assert found.sentence == "Same output as in the notebook in 1 of 2 cells; cell 3 differs."


def test_injected_parameters_do_not_shift_the_numbers() -> None:
    found = compare(
        [code(), code(stdout("1"))],
        [code(), code(tags=("injected-parameters",)), code(stdout("1"))],
    )
    assert found.same == (2,)


def test_pictures_count_by_kind_and_cells_without_output_not_at_all() -> None:
    found = compare(
        [code(result(image_png="AAAA", text_plain="<Figure>")), code(), code(stdout("1"))],
        [code(result(image_png="BBBB", text_plain="<Figure 2>")), code(), code(ran=None)],
    )
    assert (found.same, found.differ) == ((1,), ())


def test_nothing_to_compare_says_nothing() -> None:
    assert compare([code()], [code()]).sentence == ""

"""Nothing to package means that packaging again would give the very same image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jupyter_modelpack.workshop import open_workshop
from tests.product import Product


def test_data_code_and_cells_count_and_outputs_do_not(
    product: Product, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n")
    (tmp_path / "helper.py").write_text("def rows(path):\n    return open(path).read()\n")
    cells = ["import helper", 'print(helper.rows("rows.csv"), open("rows.csv").read())']
    path = notebook(*cells)
    shop = open_workshop(product.data_dir, {})
    assert shop.survey(str(path))["unchanged"] is None
    answer = product("package", str(path), "--json")
    assert answer.code == 0, answer.err
    made = {"name": "notebook", "version": answer.json["version"]}
    assert shop.survey(str(path))["unchanged"] == made
    path.write_text(path.read_text().replace('"execution_count": 2', '"execution_count": 7'))
    assert shop.survey(str(path))["unchanged"] == made
    for name, text in (("rows.csv", "a\n2\n"), ("helper.py", "def rows(path):\n    return 1\n")):
        before = (tmp_path / name).read_text()
        (tmp_path / name).write_text(text)
        assert shop.survey(str(path))["unchanged"] is None, name
        (tmp_path / name).write_text(before)
        assert shop.survey(str(path))["unchanged"] == made
    notebook(*cells, "print(3)")
    assert shop.survey(str(path))["unchanged"] is None

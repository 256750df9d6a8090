"""Texts: everything readable in a notebook, decoded, with where a person finds it."""

from __future__ import annotations

import ast
import base64
import binascii
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from jupyter_modelpack.notebook.cell import Cell
from jupyter_modelpack.notebook.constants import HOLE, Constants
from jupyter_modelpack.notebook.names import target_names
from jupyter_modelpack.notebook.source import read_code

Place = Literal["source", "output", "metadata", "attachment"]

LONGEST = 8_000_000
_ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_DATA_URI = re.compile(r"data:[a-z]{1,20}/[a-z0-9.+-]{1,60};base64,[A-Za-z0-9+/=\s]{20,}")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{20,}={0,2}")
_MOST_DECODED = 300


@dataclass(frozen=True)
class Text:
    """A readable piece of a notebook; ``name`` is what it is assigned to, ``code`` raw source.

    ``part`` says that another text, which is looked at as well, holds it word for word.
    """

    text: str
    place: Place
    cell: int | None = None
    line: int | None = None
    name: str = ""
    code: bool = False
    part: bool = False


def source_texts(cell: Cell, constants: Constants) -> Iterator[Text]:
    """Yield a cell's source as it stands, and the texts that its code puts together.

    ``constants`` are what earlier cells have left, and gets what this one adds.
    """
    yield Text(cell.source[:LONGEST], "source", cell.number, 1, code=cell.kind == "code")
    if not cell.is_code:
        return
    tree = read_code(cell).tree
    if tree is None:
        return
    try:
        for node in _in_order(tree):
            for text in _node_texts(node, constants, cell.number):
                if text.text not in cell.source:
                    yield text
                else:
                    yield replace(text, part=True)
    except RecursionError:
        return


def _in_order(tree: ast.AST) -> Iterator[ast.AST]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _node_texts(node: ast.AST, constants: Constants, cell: int) -> Iterator[Text]:
    named: list[tuple[str, ast.expr]] = []
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                constants.assign(target.id, node.value)
            named.append((_name(target, constants), node.value))
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        if isinstance(node.target, ast.Name):
            constants.assign(node.target.id, node.value)
        named.append((_name(node.target, constants), node.value))
    elif isinstance(node, ast.AugAssign):
        named.append((_name(node.target, constants), node.value))
        if isinstance(node.target, ast.Name) and isinstance(node.op, ast.Add):
            old, new = constants.texts.get(node.target.id, ()), constants.of(node.value)
            constants.forget(target_names(node.target))
            if old and new:
                constants.texts[node.target.id] = (old[0] + new[0],)
                yield Text(old[0] + new[0], "source", cell, node.lineno, node.target.id)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            named.extend((word, value) for word in constants.of(key)[:1])
    elif isinstance(node, ast.Call):
        named.extend((item.arg or "", item.value) for item in node.keywords)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method in ("setdefault", "putenv", "set_password", "setenv") and len(node.args) > 1:
            named.extend((word, node.args[1]) for word in constants.of(node.args[0])[:1])
        elif method in ("login", "set_api_key") and node.args:
            named.append(("token", node.args[0]))
    elif isinstance(node, ast.Compare) and len(node.comparators) == 1:
        named.append((_name(node.left, constants), node.comparators[0]))
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        given = [*node.args.posonlyargs, *node.args.args]
        named.extend(
            (item.arg, value)
            for item, value in zip(reversed(given), reversed(node.args.defaults), strict=False)
        )
    for name, expression in named:
        for text in constants.of(expression):
            yield Text(text, "source", cell, expression.lineno, name)
    if isinstance(node, (ast.BinOp, ast.JoinedStr, ast.Constant)) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ):
        for text in constants.of(node):
            for part in text.split(HOLE):
                if len(part) >= 8:
                    yield Text(part, "source", cell, node.lineno)


def _name(target: ast.expr, constants: Constants) -> str:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript):
        return next(iter(constants.of(target.slice)), "")
    return ""


def output_texts(cell: Cell) -> Iterator[Text]:
    """Yield what a cell's outputs show: streams, tracebacks, and texts of every media type."""
    for output in cell.outputs:
        for piece in (output.get("text"), output.get("evalue"), output.get("traceback")):
            yield from _plain(piece, cell.number)
        data = output.get("data")
        if isinstance(data, Mapping):
            for kind, value in data.items():
                if kind.startswith(("image/", "audio/", "video/")) and kind != "image/svg+xml":
                    continue
                if isinstance(value, (str, list)) and not kind.endswith("json"):
                    yield from _plain(value, cell.number, markup="html" in kind or "xml" in kind)
                else:
                    yield from strings(value, "output", cell.number)
        yield from strings(output.get("metadata"), "output", cell.number)


def _plain(value: Any, cell: int, *, markup: bool = False) -> Iterator[Text]:
    lines = value if isinstance(value, list) else [value]
    text = _ANSI.sub("", "".join(line for line in lines if isinstance(line, str))[:LONGEST])
    if not text:
        return
    if markup:
        text = _DATA_URI.sub(" ", text)
        yield Text(html.unescape(_TAG.sub(" ", text)), "output", cell)
        joined = html.unescape(_TAG.sub("", text))
        yield Text(joined, "output", cell)
    yield Text(text, "output", cell)


def strings(value: Any, place: Place, cell: int | None, name: str = "") -> Iterator[Text]:
    """Yield every text in a JSON value, named by the key it stands under."""
    waiting: list[tuple[str, Any]] = [(name, value)]
    while waiting:
        key, item = waiting.pop()
        if isinstance(item, str):
            yield Text(item[:LONGEST], place, cell, name=key)
        elif isinstance(item, Mapping):
            waiting.extend((str(inner), part) for inner, part in item.items())
            for inner in item:
                if len(inner) >= 16:
                    yield Text(inner, place, cell)
        elif isinstance(item, list):
            waiting.extend((key, part) for part in item)


def attachment_texts(cell: Cell) -> Iterator[Text]:
    """Yield the readable content of a cell's attachments, whatever they say they are."""
    for bundle in cell.attachments.values():
        if not isinstance(bundle, Mapping):
            continue
        for value in bundle.values():
            text = "".join(value) if isinstance(value, list) else value
            if not isinstance(text, str):
                yield from strings(text, "attachment", cell.number)
                continue
            yield Text(text[:LONGEST], "attachment", cell.number)
            try:
                content = base64.b64decode(text[:LONGEST], validate=False)
            except (binascii.Error, ValueError):
                continue
            yield Text(content.decode("latin-1"), "attachment", cell.number)
            if content[:1] and b"\0" in content[:200]:  # UTF-16, as some editors write
                yield Text(content.decode("utf-16", "replace"), "attachment", cell.number)


def decoded(text: str) -> Iterator[str]:
    """Yield the readable texts that stand in base64 inside a text."""
    for count, found in enumerate(_BASE64.finditer(text)):
        if count >= _MOST_DECODED:
            return
        word = found.group()
        if len(word) > 200_000 or len(set(word[:200])) < 8:
            continue
        body = word.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            content = base64.b64decode(body + "=" * (-len(body) % 4))
        except (binascii.Error, ValueError):
            continue
        if len(content) >= 12 and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in content):
            yield content.decode("ascii")

"""Shows a notebook as a page of HTML in which nothing runs and nothing is fetched."""

from __future__ import annotations

import json
from html import escape
from html.parser import HTMLParser
from importlib import import_module
from typing import Any

from jupyter_modelpack.errors import InvalidInput

_LARGEST = 64 << 20
_TAGS = frozenset(
    (
        "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del",
        "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img",
        "ins", "kbd", "li", "main", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span",
        "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
        "tt", "u", "ul", "var",
    )
)  # fmt: skip
_ATTRIBUTES = frozenset(
    ("alt", "class", "colspan", "dir", "height", "lang", "open", "rowspan", "scope", "start",
     "title", "width", "data-mime-type")
)  # fmt: skip
_VOID = frozenset(("br", "col", "hr", "img"))
# Elements that are left out together with everything inside them.
_DROPPED = frozenset(
    ("applet", "audio", "canvas", "form", "frameset", "head", "iframe", "math", "noembed",
     "noframes", "noscript", "object", "plaintext", "script", "select", "style", "svg",
     "template", "textarea", "title", "video", "xmp")
)  # fmt: skip
_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")
_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 16px; color: #1a1a1a; background: #fff; }
pre, code { font: 13px/1.45 ui-monospace, monospace; } pre { white-space: pre-wrap; margin: 4px 0; }
.cell { margin: 12px 0; } .prompt { color: #6b6b6b; font-size: 12px; }
.anchor-link { display: none; }
.input_area { background: #f6f7f9; padding: 4px 8px; border-radius: 4px; }
.output_subarea { padding: 0 8px; overflow-x: auto; } img { max-width: 100%; height: auto; }
.output_stderr, .output_error { background: #fdecea; border-radius: 4px; }
table { border-collapse: collapse; } td, th { padding: 3px 8px; text-align: right; }
tbody tr:nth-child(odd) { background: #f6f7f9; }
.ansi-red-fg, .ansi-red-intense-fg { color: #b3261e; } .ansi-green-fg { color: #1b7f3b; }
.ansi-yellow-fg { color: #8a6100; } .ansi-blue-fg, .ansi-cyan-fg { color: #1d5fa8; }
.ansi-bold { font-weight: bold; }
"""


def render_notebook(notebook: bytes) -> str:
    """Return a notebook as one HTML page; raises InvalidInput for what is no notebook.

    Only plain markup and embedded pictures are left: no scripts, styles, links that are not http,
    frames, forms or anything that is loaded from elsewhere.
    """
    exporters: Any = import_module("nbconvert.exporters")
    nbformat: Any = import_module("nbformat")
    if len(notebook) > _LARGEST:
        raise _unreadable("it is larger than 64 MB")
    try:
        loaded = nbformat.from_dict(json.loads(notebook))
        nbformat.validate(loaded)
        cells = loaded.cells
    except (
        ValueError, TypeError, AttributeError, RecursionError, nbformat.ValidationError
    ) as error:  # fmt: skip
        raise _unreadable("it is no valid notebook") from error
    for cell in cells:
        for output in cell.get("outputs", []):
            _without_programs(output)
    body, _ = exporters.HTMLExporter(template_name="basic").from_notebook_node(loaded)
    return _page(cleaned(body))


def _without_programs(output: Any) -> None:
    """Drop representations that are programs, so that a plain one is shown instead."""
    data = output.get("data")
    for kind in list(data or ()):
        if "javascript" in kind or "widget" in kind or kind == "image/svg+xml":
            del data[kind]
        elif kind == "text/html":
            data[kind] = cleaned("".join(data[kind]))


def cleaned(markup: str) -> str:
    """Return markup with only the tags and attributes that are known to be harmless.

    It is written anew from what was parsed, with every text escaped and every tag closed, and it
    holds no element whose text is read by other rules than HTML's.
    """
    cleaner = _Cleaner()
    cleaner.feed(markup)
    cleaner.close()
    return cleaner.result()


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._dropped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._dropped.append(tag)
        elif tag in _TAGS and not self._dropped:
            kept = "".join(
                f' {name}="{escape(value or "")}"'
                for name, value in attrs
                if _allowed(tag, name, value or "")
            )
            self._out.append(f"<{tag}{kept}>")
            if tag not in _VOID:
                self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dropped:
            while self._dropped.pop() != tag:
                pass
        elif tag in self._open and not self._dropped:
            while (last := self._open.pop()) != tag:
                self._out.append(f"</{last}>")
            self._out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self._out.append(escape(data))

    def result(self) -> str:
        return "".join([*self._out, *(f"</{tag}>" for tag in reversed(self._open))])


def _allowed(tag: str, name: str, value: str) -> bool:
    if name in _ATTRIBUTES:
        return True
    if tag == "img" and name == "src":
        return value.startswith(_IMAGES)
    return tag == "a" and name == "href" and value.startswith(("http://", "https://", "#"))


def _page(body: str) -> str:
    formatters: Any = import_module("pygments.formatters")
    colours = formatters.HtmlFormatter(style="default").get_style_defs(".highlight")
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8">'
        f"<style>{_STYLE}{colours}</style></head><body>{body}</body></html>"
    )


def _unreadable(why: str) -> InvalidInput:
    return InvalidInput(
        f"The notebook as it ran cannot be shown: {why}.",
        field="notebook",
        advice="Its file is in the run's folder.",
    )

"""People: cells that wait for someone, which nobody answers in a run, and cells that never end."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jupyter_modelpack.notebook.calls import Call
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.rules.context import Context, shown

_ASKS = frozenset({"input", "getpass.getpass", "getpass", "raw_input"})
_ASKS_DEBUG = frozenset({"breakpoint", "pdb.set_trace", "IPython.embed"})
_WIDGETS = frozenset(
    {"ipywidgets.interact", "ipywidgets.interactive", "ipywidgets.interact_manual"}
)
_SERVERS = frozenset(
    {"uvicorn.run", "waitress.serve", "tornado.ioloop.IOLoop.start", "http.server.test"}
    | {"flask.Flask.run", "dash.Dash.run", "dash.Dash.run_server", "gradio.Interface.launch"}
    | {"gradio.Blocks.launch", "gradio.ChatInterface.launch", "streamlit.run", "panel.serve"}
    | {"bottle.run", "aiohttp.web.run_app", "socketserver.TCPServer.serve_forever"}
)
_SERVER_METHODS = frozenset({"serve_forever", "run_server", "run_forever", "launch"})


def find_waiting(context: Context) -> Iterator[Finding]:
    """Yield findings for cells that wait for a person or serve without an end."""
    for call in context.reading.calls:
        if call.name in _ASKS or call.name in _ASKS_DEBUG:
            what = "stops for a debugger" if call.name in _ASKS_DEBUG else "waits for an answer"
            yield Finding(
                "waits-for-person",
                "warning",
                f"{shown(call.name + '()')} {what}, and nobody is there in a run.",
                cell=call.cell,
                line=call.line,
                advice="Make the value a parameter: assign it in a cell tagged `parameters`."
                if call.name in _ASKS
                else "Take it out, or tag the cell `skip`.",
            )
        elif call.name in _WIDGETS:
            yield Finding(
                "widgets",
                "note",
                "Widgets show, but nobody moves them in a run.",
                cell=call.cell,
                line=call.line,
                advice="Make the value a parameter, or tag the cell `skip`.",
            )
        elif call.name in _SERVERS or _serves(call):
            yield _endless(call.cell, call.line, f"{shown(call.name.lstrip('.') + '()')} serves")
    for code in context.codes:
        if code.tree is None:
            continue
        for node in code.tree.body:
            if isinstance(node, ast.While) and _forever(node):
                yield _endless(code.cell.number, node.lineno, "This loop goes on")


def _serves(call: Call) -> bool:
    return call.name.startswith(".") and call.method in _SERVER_METHODS and call.method != "launch"


def _forever(node: ast.While) -> bool:
    if not (isinstance(node.test, ast.Constant) and node.test.value):
        return False
    ends = (ast.Break, ast.Return, ast.Raise)
    return not any(isinstance(part, ends) for part in ast.walk(node))


def _endless(cell: int, line: int, what: str) -> Finding:
    return Finding(
        "never-ends",
        "note",
        f"{what} without an end, so a run never gets past this cell.",
        cell=cell,
        line=line,
        advice="Tag the cell `skip`.",
    )

"""Notebooks with Kale's tags, of 1.x and 2.x, that a real pipeline could be."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from tests.notebook.notebooks import code, document, markdown

SETTINGS = {
    "kubeflow_notebook": {
        "experiment_name": "trials",
        "pipeline_name": "trial",
        "pipeline_description": "made for a test",
        "volumes": [],
    }
}


def kale(*cells: str | dict[str, Any]) -> dict[str, Any]:
    """Return a notebook with the metadata that Kale writes."""
    return document(*cells, metadata={**document()["metadata"], **deepcopy(SETTINGS)})


CHAIN = kale(
    markdown("# Sales"),
    code("import statistics\nimport math", "imports"),
    code("def double(values):\n    return [2 * value for value in values]", "functions"),
    code("rounds = 3\nfactor = 1.5", "pipeline-parameters"),
    code("rows = [1.0, 2.0, 3.0]", "step:load"),
    code("rows = rows * rounds"),  # an untagged tail
    code("doubled = double(rows)", "step:prepare", "prev:load"),
    code("print(doubled)", "skip"),
    code("mean_value = statistics.mean(doubled) * factor", "step:train", "prev:prepare"),
    code("print(mean_value)", "pipeline-metrics"),
)

DIAMOND = kale(
    code("import math", "imports"),
    code("rows = list(range(10))", "step:load"),
    code("low = [row for row in rows if row < 5]", "step:low_side", "prev:load"),
    code("low_total = sum(low)"),
    code("high = [row for row in rows if row >= 5]", "step:high_side", "prev:load"),
    code("high_total = sum(high)"),
    code(
        "total = low_total + high_total\nprint(total)",
        "step:join",
        "prev:low_side",
        "prev:high_side",
    ),
)

# Kale 1.x: block: tags, an empty one, and the special words behind block:
OLD_BLOCKS = kale(
    code("import json", "block:imports"),
    code("name = 'east'\nlimit = 2", "pipeline-parameters"),
    code("import os  # only for looking", "block:skip"),
    code("data = {'east': [3, 4], 'west': [5]}", "block:load_data"),
    code("chosen = data[name]", "block:"),
    code("best = max(chosen[:limit])", "block:choose", "prev:load_data"),
    code("report = json.dumps({'best': best})", "block:report", "prev:choose"),
)

OLD_DIAMOND = kale(
    code("import math", "imports"),
    code("def square(x):\n    return x * x", "functions"),
    code("numbers = [1, 2, 3, 4]", "block:read"),
    code("squares = [square(n) for n in numbers]", "block:squares", "prev:read"),
    code("roots = [math.sqrt(n) for n in numbers]", "block:roots", "prev:read"),
    code("pairs = list(zip(squares, roots))", "block:pair", "prev:squares", "prev:roots"),
    code("count = len(pairs)", "block:count", "prev:pair"),
)

# values that come from further up than the step before, and two steps named again further down
FAR = kale(
    code("import math", "imports"),
    code("base = 10\nstep_size = 2", "step:start"),
    code("middle = base + 1", "step:middle_one", "prev:start"),
    code("far = middle * step_size", "step:last_one", "prev:middle_one"),
    code("base_again = base", "step:middle_one"),
    code("# nothing but a comment", "skip"),
    code("ending = far + base", "step:ending", "prev:last_one"),
)

OPTIONS = kale(
    code("import math", "imports"),
    code("size = 4", "pipeline-parameters"),
    code(
        "table = list(range(size))",
        "step:load",
        "limit:cpu:500m",
        "limit:memory:1Gi",
        "label:team:risk",
        "annotation:contact:ada",
        "cache:disabled",
        "report:enabled",
    ),
    code(
        "fitted = sum(table)",
        "step:fit",
        "prev:load",
        "limit:nvidia.com/gpu:1",
        "secret:store-login:password:STORE_PASSWORD",
        "image:registry.local/base:1.0",
    ),
    code("checked = fitted > 0", "step:look", "prev:fit"),
)

WIDE = kale(
    code("import math", "imports"),
    code("seeds = [1, 2, 3]", "step:seeds"),
    code("first = seeds[0] + 1", "step:one", "prev:seeds"),
    code("second = seeds[1] + 1", "step:two", "prev:seeds"),
    code("third = seeds[2] + 1", "step:three", "prev:seeds"),
    code("together = first + second", "step:half", "prev:one", "prev:two"),
    code("everything = together + third", "step:whole", "prev:half", "prev:three"),
)

PROJECT = {
    "chain": CHAIN,
    "diamond": DIAMOND,
    "old-blocks": OLD_BLOCKS,
    "old-diamond": OLD_DIAMOND,
    "far": FAR,
    "options": OPTIONS,
    "wide": WIDE,
}

# what Kale refuses, and so do we
REFUSED = {
    "unknown-prev": kale(code("x = 1", "step:one"), code("y = x", "step:two", "prev:three")),
    "later-prev": kale(code("y = 1", "step:one", "prev:two"), code("x = 1", "step:two")),
    "two-names": kale(code("x = 1", "step:one", "step:two")),
    "no-step": kale(code("x = 1", "step:one"), code("y = x", "prev:one")),
    "limit-alone": kale(code("x = 1", "step:one"), code("y = x", "limit:cpu:1")),
    "upper-case": kale(code("x = 1", "step:one"), code("y = x", "step:Two", "prev:one")),
}


def in_new_words(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook of Kale 1.x in the words of 2.x: ``block:NAME`` is ``step:NAME``."""
    words = ("skip", "imports", "functions", "pipeline-parameters", "pipeline-metrics")
    cells = []
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        plain = [
            tag.removeprefix("block:")
            if tag.removeprefix("block:") in words
            else tag.replace("block:", "step:")
            for tag in tags
        ]
        cells.append(
            {**cell, "metadata": {**cell["metadata"], **({"tags": plain} if tags else {})}}
        )
    return {**notebook, "cells": cells}

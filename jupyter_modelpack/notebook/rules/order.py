"""Order: cells that ran in another order than they stand, or never."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.rules.context import Context, cells_in_words

_RUN_ALL = "Run > Restart Kernel and Run All Cells shows what the package will give."


def find_order(context: Context) -> Iterator[Finding]:
    """Yield at most one finding for cells out of order and one for cells that never ran."""
    ran = [cell for cell in context.live if cell.execution_count]
    if not ran:
        return
    out = _out_of_order([cell.execution_count or 0 for cell in ran])
    if out:
        numbers = [ran[index].number for index in out]
        yield Finding(
            "cells-out-of-order",
            "warning",
            f"{cells_in_words(numbers)} ran in another order than "
            f"{'it stands' if len(numbers) == 1 else 'they stand'}.",
            cell=numbers[0],
            advice=f"The package runs from top to bottom. {_RUN_ALL}",
            details={"cells": numbers},
        )
    never = [cell.number for cell in context.live if not cell.execution_count]
    if never:
        yield Finding(
            "cells-not-run",
            "note",
            f"{cells_in_words(never)} {'has' if len(never) == 1 else 'have'} not been run.",
            cell=never[0],
            advice="The package will run it." if len(never) == 1 else "The package will run them.",
            details={"cells": never},
        )


def _out_of_order(counts: Sequence[int]) -> list[int]:
    """Return the fewest positions without which the counts rise."""
    tails: list[int] = []
    tail_positions: list[int] = []
    before: list[int] = []
    for position, count in enumerate(counts):
        length = bisect_left(tails, count)
        before.append(tail_positions[length - 1] if length else -1)
        if length == len(tails):
            tails.append(count)
            tail_positions.append(position)
        else:
            tails[length] = count
            tail_positions[length] = position
    kept: set[int] = set()
    position = tail_positions[-1] if tail_positions else -1
    while position >= 0:
        kept.add(position)
        position = before[position]
    return [position for position in range(len(counts)) if position not in kept]

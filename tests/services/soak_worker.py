"""What a process of its own does in a long day: it carries out one package or run, and ends."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.services.builds import carry_out_build
from jupyter_modelpack.services.runs import carry_out_run
from jupyter_modelpack.worker import Desk
from tests.services.crashes import workshop


def carry_out(data_dir: Path, ident: str, now: float) -> None:
    """Do what waits, as a worker does."""
    workshop.MOMENT = workshop.SHOWN = 0.0
    shop = workshop.open_workshop(data_dir, {})
    table = shop.ledger.work
    work = table.claim("worker", now, 20.0)
    assert work is not None and work.id == ident
    writer = LogFiles(data_dir / "logs").writer(work.id)
    with Path(os.devnull).open("wb", buffering=0) as out:
        desk = Desk(table, work, "worker", writer, out)
        if work.kind == "build":
            phase, state = carry_out_build(work, shop, desk, _never)
        else:
            phase, state = carry_out_run(work, shop, data_dir / "runs", desk, _never)
        desk.close()
    writer.close()
    assert table.finish(work.id, "worker", phase, state, now)


def _never() -> bool:
    return False

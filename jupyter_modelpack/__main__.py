"""``python -m jupyter_modelpack``: the command line."""

from __future__ import annotations

from jupyter_modelpack.cli.main import main

raise SystemExit(main())

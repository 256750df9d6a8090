"""Asks the running kernel of a notebook which modules it has really imported."""

from __future__ import annotations

import ast
import asyncio
import contextlib
from typing import Any

SECONDS = 1.0
# An expression, so that nothing is assigned in the user's namespace.
_QUESTION = "','.join(sorted({name.partition('.')[0] for name in list(__import__('sys').modules)}))"


class LiveKernels:
    """The kernels of one Jupyter server, by the notebooks that are open on them."""

    def __init__(self, sessions: Any, kernels: Any) -> None:
        self._sessions = sessions
        self._kernels = kernels

    async def modules(self, path: str) -> tuple[str, ...]:
        """Return the top-level modules that the kernel of a notebook has imported.

        Nothing when it has no kernel, when the kernel is busy or not Python, or when it does not
        answer within a second; what goes wrong here never stops anything else.
        """
        with contextlib.suppress(Exception):
            return await asyncio.wait_for(self._ask(path), SECONDS)
        return ()

    async def _ask(self, path: str) -> tuple[str, ...]:
        for session in await self._sessions.list_sessions():
            if session.get("path") == path and session.get("type", "notebook") == "notebook":
                kernel = session.get("kernel") or {}
                if kernel.get("execution_state") == "idle":
                    return await self._imported(str(kernel["id"]))
        return ()

    async def _imported(self, kernel_id: str) -> tuple[str, ...]:
        manager = self._kernels.get_kernel(kernel_id)
        spec = manager.kernel_spec
        if spec is None or str(spec.language).lower() != "python":
            return ()
        client = manager.client()
        client.start_channels(True, False, False, False, False)  # only the shell channel
        try:
            asked = client.execute(
                "", silent=True, store_history=False, user_expressions={"modules": _QUESTION},
                allow_stdin=False,
            )  # fmt: skip
            while True:
                reply = await client.get_shell_msg(timeout=SECONDS)
                if reply["parent_header"].get("msg_id") == asked:
                    return _names(reply["content"])
        finally:
            client.stop_channels()


def _names(content: Any) -> tuple[str, ...]:
    shown = content["user_expressions"]["modules"]["data"]["text/plain"]
    text = ast.literal_eval(shown)
    return tuple(name for name in text.split(",") if name.isidentifier())

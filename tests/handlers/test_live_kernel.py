"""The running kernel is asked what it has imported: quickly, and only when it has time."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from jupyter_modelpack.adapters.live_kernel import SECONDS, LiveKernels

pytest.importorskip("ipykernel")


class Sessions:
    def __init__(self, kernels, path, kernel_id, state=None):
        self.rows = [{"path": path, "type": "notebook"}]
        self._kernels, self._id, self._state = kernels, kernel_id, state

    async def list_sessions(self):
        state = self._state or getattr(self._kernels.get_kernel(self._id), "execution_state", "")
        return [{**row, "kernel": {"id": self._id, "execution_state": state}} for row in self.rows]


async def execute(manager, code):
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=30)
        asked = client.execute(code)
        while True:
            reply = await client.get_shell_msg(timeout=30)
            if reply["parent_header"]["msg_id"] == asked:
                return reply["content"]
    finally:
        client.stop_channels()


async def test_a_kernel_is_asked_when_it_is_idle(jp_serverapp):
    kernels = jp_serverapp.kernel_manager
    kernel_id = await kernels.start_kernel()
    try:
        manager = kernels.get_kernel(kernel_id)
        first = await execute(manager, "import wave, xml.dom\nx = 1")
        live = LiveKernels(Sessions(kernels, "churn.ipynb", kernel_id, "idle"), kernels)
        began = time.monotonic()
        names = await live.modules("churn.ipynb")
        took = time.monotonic() - began
        assert {"wave", "xml", "sys"} <= set(names)
        assert all("." not in name for name in names)
        after = await execute(manager, "assert sorted(n for n in dir() if n in 'xnames') == ['x']")
        assert after["status"] == "ok"
        assert after["execution_count"] == first["execution_count"] + 1
        assert await live.modules("other.ipynb") == ()

        busy = manager.client()
        busy.start_channels()
        busy.execute("import time; time.sleep(3)")
        await asyncio.sleep(0.2)
        began = time.monotonic()
        assert await live.modules("churn.ipynb") == ()
        assert time.monotonic() - began < SECONDS + 0.5
        said = LiveKernels(Sessions(kernels, "churn.ipynb", kernel_id, "busy"), kernels)
        began = time.monotonic()
        assert await said.modules("churn.ipynb") == ()
        assert time.monotonic() - began < SECONDS  # it is not even asked
        busy.stop_channels()
        print(f"live kernel: {len(names)} modules in {took * 1000:.0f} ms")
    finally:
        await kernels.shutdown_kernel(kernel_id, now=True)


async def test_what_goes_wrong_is_nothing():
    async def broken():
        raise RuntimeError

    live = LiveKernels(SimpleNamespace(list_sessions=broken), None)
    assert await live.modules("churn.ipynb") == ()

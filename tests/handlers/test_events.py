"""Events carry ids and phases only; REST is the truth."""

from __future__ import annotations

import asyncio
import json

from jupyter_modelpack.adapters.events import SCHEMA_ID


async def test_events_tell_that_a_build_moved(client, write, jp_serverapp):
    heard = []

    async def listen(logger, schema_id, data):
        heard.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA_ID, listener=listen)
    write("churn.ipynb", log="canary-in-the-log")
    build = (await client("POST", "builds", body={"path": "churn.ipynb"})).body
    await client.ended("builds", build["id"])
    for _ in range(100):
        if any(each["phase"] == "Succeeded" for each in heard):
            break
        await asyncio.sleep(0.02)
    assert {each["id"] for each in heard} == {build["id"]}
    assert heard[0]["phase"] == "Running"
    assert heard[-1]["phase"] == "Succeeded"
    assert "inspect" in {each["step"] for each in heard}
    assert all(set(each) - {"__schema__"} <= {"kind", "id", "phase", "step"} for each in heard)
    assert "canary" not in json.dumps(heard)
    assert "churn" not in json.dumps(heard)

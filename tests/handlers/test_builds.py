"""Builds over HTTP, with real worker processes and a workshop for tests."""

from __future__ import annotations

import asyncio

from fake_workshop import golden


def shape(value):
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return None


async def start(client, path, **more):
    answer = await client("POST", "builds", body={"path": path, **more})
    assert answer.status == 201, answer
    return answer


async def test_a_build_succeeds_and_has_the_shape_of_the_contract(client, write, calls):
    write("models/churn.ipynb")
    answer = await start(client, "models/churn.ipynb")
    assert answer.headers["Location"].endswith(f"/jupyter-modelpack/builds/{answer.body['id']}")
    done = await client.ended("builds", answer.body["id"])
    assert done["phase"] == "Succeeded", done
    assert done["package"] == {"name": "churn", "version": "1.0.0"}
    assert done["path"] == "models/churn.ipynb"
    assert set(done) == set(golden("build_done"))
    assert [set(step) for step in done["steps"]] == [
        set(step) for step in golden("build_done")["steps"]
    ]
    listed = await client("GET", "builds", params={"path": "models/churn.ipynb"})
    assert listed.body["builds"] == [done]
    assert len(calls("package")) == 1


async def test_a_refused_build_shows_findings_and_why(client, write):
    write("churn.ipynb", end="refused")
    build = (await start(client, "churn.ipynb")).body
    done = await client.ended("builds", build["id"])
    assert done["phase"] == "Failed"
    assert set(done["error"]) == set(golden("build_refused")["error"])
    assert done["error"]["code"] == "GATE_NOT_SATISFIED"
    assert done["findings"][0]["cell"] == 4
    assert done["steps"][1]["phase"] == "Failed"


async def test_the_log_is_read_from_any_offset(client, write):
    text = "Zeile eins äöü\nzwei 𝄞\n"
    write("churn.ipynb", log=text)
    build = (await start(client, "churn.ipynb")).body
    await client.ended("builds", build["id"])
    whole = (await client("GET", "builds", build["id"], "log")).body
    assert whole == {
        "offset": 0,
        "text": text,
        "next_offset": len(text.encode()),
        "complete": True,
    }
    tried = 0
    for offset in range(len(text.encode()) + 3):
        part = await client("GET", "builds", build["id"], "log", params={"offset": str(offset)})
        assert part.status == 200
        assert text.encode().endswith(part.body["text"].replace("\ufffd", "").encode())
        tried += 1
    for wrong in ("-1", "x", "1e3", "9" * 30):
        part = await client("GET", "builds", build["id"], "log", params={"offset": wrong})
        assert (part.status, part.body["error"]["code"]) == (400, "INVALID_INPUT")
    print(f"log: {tried} offsets, no byte lost")


async def test_a_build_is_stopped(client, write):
    write("churn.ipynb", seconds=60)
    build = (await start(client, "churn.ipynb")).body
    await client.running("builds", build["id"], "reading")
    answer = await client("DELETE", "builds", build["id"])
    assert answer.status == 202
    done = await client.ended("builds", build["id"], 5)
    assert (done["phase"], done["error"]["code"]) == ("Aborted", "ABORTED")
    again = await client("DELETE", "builds", build["id"])
    assert (again.status, again.body["error"]["code"]) == (409, "CONFLICT")


async def test_a_build_that_waits_is_stopped_at_once(client, write, calls):
    write("first.ipynb", seconds=60)
    write("second.ipynb")
    first = (await start(client, "first.ipynb")).body
    await client.running("builds", first["id"], "reading")
    second = (await start(client, "second.ipynb")).body
    answer = await client("DELETE", "builds", second["id"])
    assert (answer.status, answer.body["phase"]) == (202, "Aborted")
    assert len(calls("package")) == 1
    await client("DELETE", "builds", first["id"])
    await client.ended("builds", first["id"])


async def test_a_worker_that_dies_ends_the_build_in_one_sentence(client, write):
    write("churn.ipynb", end="die")
    build = (await start(client, "churn.ipynb")).body
    done = await client.ended("builds", build["id"])
    assert done["phase"] == "Errored"
    assert done["error"]["code"] == "WORKER_ENDED"
    assert done["error"]["message"] == "The process that did the work was ended from outside."
    assert [step["phase"] for step in done["steps"][:2]] == ["Succeeded", "Errored"]
    write("churn.ipynb")
    again = (await start(client, "churn.ipynb")).body
    assert (await client.ended("builds", again["id"]))["phase"] == "Succeeded"


async def test_d8_concurrent_clicks_are_one_build(client, write, calls):
    write("churn.ipynb", seconds=0.3)
    answers = await asyncio.gather(*(start(client, "churn.ipynb") for _ in range(100)))
    idents = {answer.body["id"] for answer in answers}
    assert len(idents) == 1
    done = await client.ended("builds", idents.pop())
    late = (await start(client, "churn.ipynb")).body
    assert late == done
    for number in range(10):
        write(f"n{number}.ipynb", log=str(number))
    clicks = [start(client, f"n{number % 10}.ipynb") for number in range(100)]
    idents = {answer.body["id"] for answer in await asyncio.gather(*clicks)}
    assert len(idents) == 10
    for ident in idents:
        await client.ended("builds", ident)
    assert len(calls("package")) == 11
    print("D8: 100 clicks on 1 notebook: 1 build; 100 clicks on 10 notebooks: 10 builds")


async def test_another_option_or_content_is_another_build(client, write, calls):
    place = write("churn.ipynb")
    first = (await start(client, "churn.ipynb")).body
    await client.ended("builds", first["id"])
    other = (await start(client, "churn.ipynb", verify=False)).body
    await client.ended("builds", other["id"])
    (place.parent / "customers.csv").write_text("a,b\n")
    third = (await start(client, "churn.ipynb")).body
    await client.ended("builds", third["id"])
    assert len({first["id"], other["id"], third["id"]}) == 3
    assert len(calls("package")) == 3


async def test_what_makes_no_sense_is_refused(client, write):
    write("churn.ipynb")
    bodies = [
        b"", b"{", b"[]", b'"x"', b"[" * 100_000, {"path": 1}, {"path": ""}, {},
        {"path": "churn.ipynb", "verify": "yes"}, {"path": "churn.ipynb", "compression": "rar"},
        {"path": "churn.ipynb", "colour": 1}, {"path": "churn.ipynb", "name": "../x"},
        {"path": "churn.ipynb", "name": "A B"}, {"path": "churn.ipynb", "name": 7},
        {"path": "churn.txt"}, b'{"path": NaN}', {"path": "churn.ipynb", "compression": []},
    ]  # fmt: skip
    for body in bodies:
        answer = await client("POST", "builds", body=body)
        assert (answer.status, answer.body["error"]["code"]) == (400, "INVALID_INPUT"), body
    answer = await client("POST", "builds", body={"path": "gone.ipynb"})
    assert (answer.status, answer.body["error"]["code"]) == (404, "NOTEBOOK_UNKNOWN")
    answer = await client("GET", "builds", "0" * 32)
    assert (answer.status, answer.body["error"]["code"]) == (404, "BUILD_UNKNOWN")

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.secrets.scan import find_secrets, scan_text
from tests.notebook.notebooks import code, inspected, markdown, snapshot, stream

KEY = "AKIA" + "QYLPMN5HHHFPZAM2"


def secrets(*cells: str | dict[str, Any], **more: Any) -> list[Finding]:
    return list(find_secrets(snapshot(*cells, **more)))


def test_a_key_in_the_source() -> None:
    (finding,) = secrets("x = 1", f"import boto3\nkey = '{KEY}'\nuse(key)")
    assert (finding.code, finding.severity) == ("secret", "blocking")
    assert (finding.cell, finding.line) == (2, 2)
    assert finding.message == "This looks like an AWS key (`AKIA…`)."
    assert finding.advice.startswith("Keep it out of the image: read it from a setting")
    assert KEY[4:] not in str(finding.to_json())


@pytest.mark.parametrize(
    ("cell", "message", "line"),
    [
        (markdown(f"hello\n{KEY}"), "This looks like an AWS key (`AKIA…`).", 2),
        (code(f"# {KEY}"), "This looks like an AWS key (`AKIA…`).", 1),
        (code(f"%env AWS={KEY}"), "This looks like an AWS key (`AKIA…`).", 1),
        (
            code("a = 'AKIA' + 'QYLPMN5H'\nb = a + 'HHFPZAM2'"),
            "This looks like an AWS key (`AKIA…`).",
            2,
        ),
        (code(f"''.join(['{KEY[:9]}', '{KEY[9:]}'])"), "This looks like an AWS key (`AKIA…`).", 1),
        (
            code("x", outputs=[stream(f"\x1b[1m{KEY}\x1b[0m")]),
            "An output shows what looks like an AWS key (`AKIA…`).",
            None,
        ),
        (
            code(
                "x",
                outputs=[
                    {
                        "output_type": "display_data",
                        "metadata": {},
                        "data": {"text/html": f"<td>{KEY[:6]}<b>{KEY[6:]}</b></td>"},
                    }
                ],
            ),
            "An output shows what looks like an AWS key (`AKIA…`).",
            None,
        ),
        (
            code(
                "x",
                outputs=[
                    {
                        "output_type": "display_data",
                        "metadata": {},
                        "data": {"application/json": {"a": [{"key": KEY}]}},
                    }
                ],
            ),
            "An output shows what looks like an AWS key (`AKIA…`).",
            None,
        ),
        (
            code("x", metadata={"deep": {"er": [KEY]}}),
            "The metadata hold what looks like an AWS key (`AKIA…`).",
            None,
        ),
        (
            markdown(
                "see",
                attachments={
                    "a.txt": {"text/plain": base64.b64encode(f"id {KEY}\n".encode()).decode()}
                },
            ),
            "An attachment holds what looks like an AWS key (`AKIA…`).",
            None,
        ),
        (code('password = "hunter2!x"'), "This looks like a password.", 1),
        (code('connect(password="hunter2!x")'), "This looks like a password.", 1),
        (code('settings = {"db_password": "hunter2!x"}'), "This looks like a password.", 1),
        (code('os.environ["DB_PASSWORD"] = "hunter2!x"'), "This looks like a password.", 1),
        (code('def f(password="hunter2!x"): pass'), "This looks like a password.", 1),
        (code('c = "Server=db;Uid=ada;Pwd=hunter2!x;"'), "This looks like a password.", 1),
        (
            code('engine = "postgresql://ada:hunter2x@db.corp/x"'),
            "This looks like a password in an address.",
            1,
        ),
        (code("%env API_TOKEN=q8Zk3mVt71LpWx02Bn"), "This looks like a token.", 1),
        (
            code("x", outputs=[stream("api_key: q8Zk3mVt71LpWx02Bn")]),
            "An output shows what looks like a key (`q8Zk…`).",
            None,
        ),
    ],
)
def test_places(cell: dict[str, Any], message: str, line: int | None) -> None:
    findings = secrets(cell)
    assert [f.message.replace(" (`q8Zk…`)", "") for f in findings] == [
        message.replace(" (`q8Zk…`)", "")
    ]
    assert findings[0].line == line and findings[0].cell == 1


def test_the_notebook_metadata() -> None:
    (finding,) = secrets("x", metadata={"mine": {"token": KEY}})
    assert finding.cell is None and finding.details["place"] == "metadata"


def test_a_key_put_together_from_several_cells() -> None:
    (finding,) = secrets(f"a = '{KEY[:9]}'", f"b = '{KEY[9:]}'", "key = a + b")
    assert finding.cell == 3


def test_a_secret_is_told_once_for_each_place() -> None:
    cell = code(f"k = '{KEY}'\nk2 = '{KEY}'", outputs=[stream(KEY), stream(KEY)])
    assert [f.details["place"] for f in secrets(cell)] == ["source", "output"]


def test_an_allowed_secret_is_a_note_with_its_reason() -> None:
    (finding,) = secrets(f"key = '{KEY}'  # modelpack: allow-secret rotated, kept as a sample")
    assert (finding.code, finding.severity) == ("secret-allowed", "note")
    assert finding.advice == "Allowed in the cell: rotated, kept as a sample"
    (finding,) = secrets(f"# modelpack: allow-secret a test key\nkey = '{KEY}'")
    assert finding.severity == "note"


def test_an_allowance_needs_a_reason_and_covers_its_line_only() -> None:
    assert secrets(f"key = '{KEY}'  # modelpack: allow-secret")[0].severity == "blocking"
    mark = "# modelpack: allow-secret a sample"
    lines = [f"k{n} = '{KEY[:-4]}{n:04}'  {mark}" for n in range(40)]
    found = secrets("\n".join([*lines, "", f"other = '{KEY}'"]))
    assert [each.severity for each in found].count("blocking") == 1, "marks hide what is not marked"
    other = f"a = 1  # modelpack: allow-secret for this one\n\n\nkey = '{KEY}'"
    assert secrets(other)[0].severity == "blocking"


def test_no_other_finding_repeats_a_secret() -> None:
    token = "ghp_" + "q8Zk3mVt71LpWx02BnR5" + "hJ4sD6fG8kL0pQ2w"
    inspection = inspected(
        f"!curl -H 'Authorization: Bearer {token}' https://x.org",
        f"import requests\nrequests.get('https://ada:{token}@x.org/{token}')",
        code(f"key = '{token}'  # {token}\nn = 1", "parameters"),
        f"import pandas as pd\npd.read_csv('/home/ada/{token}.csv')",
    )
    text = json.dumps(inspection.to_json())
    assert len(inspection.findings) > 5
    assert token[4:12] not in text and token[-8:] not in text
    assert [(p.name, p.default) for p in inspection.parameters] == [("key", None), ("n", 1)]


def test_a_skipped_cell_is_looked_at_too() -> None:
    assert secrets(code(f"'{KEY}'", "skip"))


@pytest.mark.parametrize(
    "source",
    [
        'key = "YOUR_API_KEY"',
        'api_key = "<token>"',
        'api_key = "xxxxxxxxxxxxxxxxxxxxxxxx"',
        'token = os.environ["TOKEN"]',
        'token = os.getenv("TOKEN")',
        'password = ""',
        "password = None",
        'password = f"{secret}"',
        'password = "password"',
        'pad_token = "[PAD]"',
        'key = "AKIAIOSFODNN7EXAMPLE"',
        'url = "postgresql://user:password@localhost/db"',
        'url = "https://{user}:{password}@host/"',
        'secret_name = "projects/p/secrets/s"',
        'sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        'OPENAI_API_KEY = "sk-..."',
        'token = "my_token"',
        'x = df["token"] == "NOUN"',
        'st.text_input("Password", type="password")',
    ],
)
def test_stand_ins_are_no_secrets(source: str) -> None:
    assert secrets(source) == []


def test_a_long_log_is_looked_at_from_end_to_end() -> None:
    rows = [f"epoch {n} loss 0.3{n} token_count={n}" for n in range(20_000)]
    for secret in (KEY, "postgres://a:hunter2x@db/x", "wandb: key " + "0a1b2c3d4e" * 4):
        text = "\n".join([*rows, secret, *rows])
        assert len(list(scan_text(text))) == 1


def test_a_file_can_be_scanned_too() -> None:
    text = f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {'q8Zk3mVt71' * 4}\n"
    assert {secret.kind for secret in scan_text(text)} >= {"AWS key"}

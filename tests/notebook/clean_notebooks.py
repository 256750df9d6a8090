"""Clean notebooks of many kinds, full of what looks like a secret at first sight and is none."""

from __future__ import annotations

import base64
import hashlib
import random
import uuid
from collections.abc import Iterator
from typing import Any

from tests.notebook.notebooks import code, markdown, stream


def clean_notebooks(count: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield names and cells of clean notebooks, always the same ones."""
    for number in range(count):
        r = random.Random(number)
        cells = [markdown(f"# Study {number}\nSee `utils.py` and issue #{r.randrange(999)}.")]
        cells += [make(r) for make in r.sample(_CELLS, 8)]
        yield f"clean-{number}", cells


def _hex(r: random.Random, length: int) -> str:
    return "".join(r.choice("0123456789abcdef") for _ in range(length))


def _hashes(r: random.Random) -> dict[str, Any]:
    sha = hashlib.sha256(r.randbytes(20)).hexdigest()
    return code(
        f'sha256 = "{sha}"\ncommit = "{_hex(r, 40)}"\nmd5 = "{_hex(r, 32)}"\n'
        f'run_id = "{uuid.UUID(bytes=r.randbytes(16))}"\nrevision = "{_hex(r, 40)}"',
        outputs=[stream(f"{sha}  data.csv\ncommit {_hex(r, 40)}\nETag: {_hex(r, 32)}\n")],
    )


def _tokens(r: random.Random) -> dict[str, Any]:
    return code(
        'tokenizer.pad_token = "[PAD]"\neos_token = "</s>"\nmask_token = "<mask>"\n'
        "max_tokens = 2048\nnum_tokens = len(tokens)\n"
        'vectorizer = TfidfVectorizer(token_pattern=r"(?u)\\b\\w\\w+\\b")\n'
        'special_token = "<|endoftext|>"\nbos_token: str = "<s>"',
        outputs=[
            stream("token: 1532\ntokens per second: 88.2\npad_token='[PAD]', sep_token: [SEP]")
        ],
    )


def _settings(r: random.Random) -> dict[str, Any]:
    return code(
        'import os\napi_key = os.environ["OPENAI_API_KEY"]\ntoken = os.getenv("HF_TOKEN", "")\n'
        'password = getpass.getpass("Password: ")\nsecret = dbutils.secrets.get("scope", "key")\n'
        'api_key = "YOUR_API_KEY"\nACCESS_TOKEN = "<your token here>"\nkey = "xxxxxxxxxxxxx"\n'
        'aws_access_key_id = "AKIAIOSFODNN7EXAMPLE"\nsecret_key = None\npwd = ""\n'
        'url = "postgresql://user:password@localhost/db"\nurl2 = f"mysql://{user}:{password}@{host}"'
    )


def _picture(r: random.Random) -> dict[str, Any]:
    data = base64.b64encode(r.randbytes(30_000)).decode()
    return code(
        "plot()",
        outputs=[
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {
                    "image/png": data,
                    "text/html": f'<img src="data:image/png;base64,{data}">',
                    "text/plain": "<Figure size 640x480 with 1 Axes>",
                },
            }
        ],
    )


def _table(r: random.Random) -> dict[str, Any]:
    rows = "".join(
        f"<tr><th>{n}</th><td>{r.random():.6f}</td><td>{_hex(r, 24)}</td></tr>" for n in range(20)
    )
    return code(
        "df.head(20)",
        outputs=[
            {
                "output_type": "execute_result",
                "execution_count": 1,
                "metadata": {},
                "data": {
                    "text/html": f"<style scoped>.dataframe{{}}</style><table>{rows}</table>",
                    "text/plain": "   id   key\n0  17  a1b2\n1  18  c3d4",
                },
            }
        ],
    )


def _model(r: random.Random) -> dict[str, Any]:
    return code(
        "params = {'key': 'value', 'metric': 'auc', 'password_column': 'pwd_hash'}\n"
        "keys = sorted(params)\nprimary_key = 'customer_id'\nforeign_key='order_line_id'\n"
        "sort_key = lambda row: row.token\ncache_key = f'{name}-{seed}'\n"
        "df.groupby(by='key').agg(token=('tokens', 'sum'))",
        outputs=[stream("{'key': 'value', 'metric': 'auc'}\nsecret santa: 12 players\n")],
    )


def _arrays(r: random.Random) -> dict[str, Any]:
    packed = base64.b64encode(bytes(8 * 300)).decode() + base64.b64encode(r.randbytes(600)).decode()
    return code(
        "fig.show()",
        outputs=[
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {
                    "application/vnd.plotly.v1+json": {
                        "data": [{"x": {"bdata": packed, "dtype": "f8"}, "type": "bar"}],
                        "layout": {"key": "legend", "uid": str(uuid.UUID(bytes=r.randbytes(16)))},
                    }
                },
            }
        ],
    )


def _addresses(r: random.Random) -> dict[str, Any]:
    return code(
        f'url = "https://raw.githubusercontent.com/x/y/{_hex(r, 40)}/data.csv"\n'
        'endpoint = "https://api.example.com/v1/token"\nscope = "https://graph.microsoft.com/.default"\n'
        f'doi = "10.1000/{_hex(r, 8)}"\nssh = "git@github.com:org/repo.git"\n'
        'redis = "redis://localhost:6379/0"\nproxy = "http://user@proxy.local:8080"'
    )


def _log(r: random.Random) -> dict[str, Any]:
    lines = "\n".join(
        f"2026-11-{d:02d} 10:00:00 INFO request_id={_hex(r, 32)} token_count={r.randrange(999)} "
        f"auth=ok session={uuid.UUID(bytes=r.randbytes(16))}"
        for d in range(1, 20)
    )
    return code("train()", outputs=[stream(lines)])


def _documentation(r: random.Random) -> dict[str, Any]:
    return markdown(
        "Set `HF_TOKEN` before you start: `export HF_TOKEN=hf_...`. The password is in the vault.\n"
        "`api_key`: see https://platform.openai.com. Format: `sk-xxxxxxxxxxxxxxxxxxxxxxxx`.\n"
        "Token: ask Ada. Password: none needed.\n\n"
        "| secret | meaning |\n|---|---|\n| token | a word piece |\n"
    )


def _package(r: random.Random) -> dict[str, Any]:
    digest = base64.b64encode(r.randbytes(64)).decode()
    return code(
        "lock()",
        outputs=[stream(f"lodash@4.17.21: sha512-{digest}\nsha256:{_hex(r, 64)}\nuv {_hex(r, 7)}")],
    )


def _molecules(r: random.Random) -> dict[str, Any]:
    protein = "".join(r.choice("ACDEFGHIKLMNPQRSTVWY") for _ in range(400))
    dna = "".join(r.choice("ACGT") for _ in range(300))
    return code(
        f'sequence = "{protein}"\ngenome = "{dna}"\nsmiles = "CC(=O)OC1=CC=CC=C1C(=O)O"',
        outputs=[stream(f">sp|P12345\n{protein}\n{dna}\n")],
    )


_CELLS = [
    _hashes,
    _tokens,
    _settings,
    _picture,
    _table,
    _model,
    _arrays,
    _addresses,
    _log,
    _documentation,
    _package,
    _molecules,
]

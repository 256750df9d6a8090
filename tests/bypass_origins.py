"""A4: what pages of somebody else try, as headers; for the notebook server and the service."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def bypass_origins(own: str) -> list[str]:
    """Return ten origins that look like ``own`` to a careless check."""
    parts = urlsplit(own)
    host, port = parts.hostname, parts.port
    return [
        "https://evil.example",
        "null",
        f"{own}.evil.example",
        f"http://{host}.evil.example:{port}",
        f"http://evil-{host}:{port}",
        f"http://{host}:{port}@evil.example",
        f"http://evil.example#{host}:{port}",
        f"http://evil.example/{host}:{port}",
        f"http://{host}:{(port or 80) + 1}",
        f"http://{host}:{port}\\.evil.example",
    ]


def attempts(own: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the way, the origin and the headers of each attempt, XSRF token not included."""
    for origin in bypass_origins(own):
        page = f"{origin}/page"
        yield "Origin", origin, {"Origin": origin}
        yield "Referer", origin, {"Referer": page, "Sec-Fetch-Site": "cross-site"}
        yield (
            "CORS",
            origin,
            {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type,x-xsrftoken",
            },
        )
        # after a redirect from another site the browser says so, whatever the last step was
        redirected = {"Origin": "null", "Referer": page, "Sec-Fetch-Site": "cross-site"}
        yield "redirect", origin, redirected
        yield "websocket", origin, {**UPGRADE, "Origin": origin, "Sec-Fetch-Mode": "websocket"}
        for mode in ("no-cors", "cors", "navigate", "same-origin"):
            for site in ("cross-site", "same-site", "none"):
                head = {"Origin": origin, "Sec-Fetch-Mode": mode, "Sec-Fetch-Site": site}
                yield f"Sec-Fetch-Mode {mode} {site}", origin, head

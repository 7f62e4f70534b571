"""What comes between the network and gradio: which paths are let through, and what is added."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

# The first part of every path that gradio's own page needs, 3.41 to the newest. What is not here
# is refused, among it /file=…, /upload and /proxy=….
_GRADIO = frozenset(
    "api app_id assets config favicon.ico heartbeat info login_check manifest.json queue reset run "
    "startup-events static svelte theme.css".split()
)
_OURS = "hopping"

_SCRIPT = b'<script src="hopping/page.js"></script></head>'
# Behind all that gradio puts into the head while it starts: of equal rules the last one counts.
_STYLE = b'<link rel="stylesheet" href="hopping/page.css"></body>'
_HEADERS = {
    # Gradio needs inline scripts and eval. Nothing is asked of any other host.
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        "connect-src 'self' ws: data: blob:; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def is_let_through(path: str) -> bool:
    """Whether the page needs this path."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["gradio_api"]:
        parts = parts[1:]
        return bool(parts) and parts[0] in _GRADIO
    return not parts or parts[0] in _GRADIO or parts[0] == _OURS


class Guard:
    """ASGI middleware: refuses what the page does not need, and adds our style and script to it."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request or websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if not is_let_through(scope["path"]):
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            else:
                refusal = PlainTextResponse("this page has nothing there", status_code=403)
                await refusal(scope, receive, send)
            return
        if scope["type"] == "http":
            send = _Sender(send, scope["path"] == "/")
        await self._app(scope, receive, send)


class _Sender:
    """Sends a response on, with our headers, and in the page itself with our script and style."""

    def __init__(self, send: Any, is_page: bool) -> None:
        self._send = send
        self._is_page = is_page
        self._start: Any = None
        self._body = b""

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in _HEADERS.items():
                headers[name] = value
            content = Headers(raw=message["headers"]).get("content-type", "")
            self._is_page = self._is_page and content.startswith("text/html")
            if self._is_page:
                self._start = message  # its length is known at its end
                return
        elif self._is_page and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = self._body.replace(b"</head>", _SCRIPT, 1).replace(b"</body>", _STYLE, 1)
            headers = MutableHeaders(raw=self._start["headers"])
            headers["content-length"] = str(len(body))
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)

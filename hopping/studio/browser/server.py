"""The page over HTTP: gradio, our style and script, the runs' files, and nothing else.

Gradio itself would hand out files and take uploads; none of its routes for that is let through.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from pathlib import Path
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import FileResponse, Response

from hopping.errors import OptionError
from hopping.page.assets import PLAN_SCRIPT, STYLE, read_asset
from hopping.studio.restore import MOST_BYTES

from .addresses import HOST
from .answers import Studio
from .blocks import build_blocks, theme
from .given import picture_path, take_picture
from .guard import Guard
from .past_html import render_past

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_GRACE = 2  # seconds
_ASSETS = Path(__file__).parent / "assets"
_STYLES = ("studio.css", "desk.css")
_SCRIPTS = ("story_text.js", "given_pictures.js", "desk_cards.js", "past_runs.js", "studio.js")


def build_app(studio: Studio, host: str = HOST) -> FastAPI:
    """The page as an ASGI application.

    Args:
        host: the address that it will listen at; on a loopback one it answers to no other name,
            so that no page of another site can reach it under a name of its own.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/hopping/page.css")
    def style() -> Response:
        return Response(read_asset(STYLE) + _assets(*_STYLES), media_type="text/css")

    @app.get("/hopping/page.js")
    def script() -> Response:
        return Response(read_asset(PLAN_SCRIPT) + _assets(*_SCRIPTS), media_type="text/javascript")

    @app.get("/hopping/runs/{run}/{name}")
    def run_file(run: str, name: str, request: Request) -> Response:
        try:
            answer = studio.files.answer(run, name, request.query_params)
        except OptionError as error:
            raise HTTPException(422, str(error)) from error
        if answer is None:
            raise HTTPException(404, "there is no such file of a story here")
        return answer

    @app.put("/hopping/pictures/{name}")
    async def give_picture(name: str, request: Request) -> dict[str, str]:
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > MOST_BYTES:
                break  # one part over the limit is enough to be refused
        try:
            kept = await run_in_threadpool(take_picture, studio.pictures, name, bytes(data))
        except OptionError as error:
            raise HTTPException(422, str(error)) from error
        return {"name": kept}

    @app.get("/hopping/pictures/{name}")
    def given_picture(name: str) -> Response:
        path = picture_path(studio.pictures, name)
        if path is None:
            raise HTTPException(404, "there is no such picture here")
        return FileResponse(path)

    @app.get("/hopping/past")
    def past() -> Response:
        return Response(render_past(studio.files.runs()), media_type="text/html")

    @app.get("/hopping/cards/{name}")
    def cards(name: str, since: int = Query(0, ge=0)) -> dict[str, Any]:
        answer = studio.cards(name, since)
        if answer is None:
            raise HTTPException(404, "there is no such story any more")
        return answer

    page = build_blocks(studio)
    wanted = {
        "theme": theme(),
        "footer_links": [],
        "run_history": False,
        "show_error": True,
        "ssr_mode": False,
        "mcp_server": False,
    }
    known = inspect.signature(gr.mount_gradio_app).parameters
    gr.mount_gradio_app(app, page, "/", **{k: v for k, v in wanted.items() if k in known})
    app.add_middleware(Guard)
    if host in _LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_LOOPBACK, "[::1]"])
    return app


def _assets(*names: str) -> str:
    return "".join((_ASSETS / name).read_text("utf-8") for name in names)


def _is_news(record: logging.LogRecord) -> bool:
    """Not so that a page was watching when the server ended."""
    error = record.exc_info[1] if record.exc_info else None
    told = isinstance(error, asyncio.CancelledError)
    return not told and "timeout graceful shutdown exceeded" not in record.getMessage()


def serve(pipeline: Any, model: str | None, outputs: Path, host: str, port: int) -> None:
    """Serve the page until it is stopped.

    Args:
        pipeline, model, outputs: as `Studio` has them.
    """
    outputs.mkdir(parents=True, exist_ok=True)
    studio = Studio(pipeline, model, outputs)
    app = build_app(studio, host)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    shown = f"[{host}]" if ":" in host else host
    print(f"Hopping studio: http://{shown}:{port} (Ctrl-C stops it)", flush=True)
    try:
        # A page that watches its story would keep the server from ending.
        uvicorn.run(
            app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=_GRACE
        )
    finally:
        studio.desk.close()

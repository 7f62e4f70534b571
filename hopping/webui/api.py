"""`POST /hopping/plan` and `POST /hopping/mask`: what hopping will do, without a picture made."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Body, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from modules import shared

from hopping.errors import HoppingError, OptionError
from hopping.mask_picture import draw_mask
from hopping.page.options import Request, parse_request
from hopping.plan import StoryPlan

from . import callbacks
from .planning import parse_prompt, plan_with_words

MOST_FRAMES, MOST_CHARACTERS = 1000, 100_000
"""Of a story that these routes answer for, with what stands before and after each frame."""
MOST_BRACKETS, MOST_BRACKETS_IN_FRAME = 2000, 60
"""Opening ones, round and square: the time that the host's parser takes grows with their square."""

# The host's FastAPI is older than Annotated parameters.
_JSON = Body()
_BASIC = Depends(HTTPBasic())


def register() -> None:
    """Add the routes once the host's server runs."""
    callbacks.register("app_started", add_routes, __file__)


def add_routes(_demo: Any, app: FastAPI) -> None:
    """Add the routes where the host offers its own API, under the same credentials."""
    if not (shared.cmd_opts.api or shared.cmd_opts.nowebui):
        return
    guards = [Depends(_guard(shared.cmd_opts.api_auth))] if shared.cmd_opts.api_auth else []
    for path, answer in (("/hopping/plan", post_plan), ("/hopping/mask", post_mask)):
        app.add_api_route(path, answer, methods=["POST"], dependencies=guards, response_model=None)


# Neither takes the host's queue lock: they read the tokenizer only, and answer during a run.


def post_plan(question: dict[str, Any] = _JSON) -> Response:
    """The plan of `prompt`: layout, reason, frames, errors. Options stand beside the prompt."""
    try:
        plan, _ = _plan(question)
    except HoppingError as error:
        return _refusal(error)
    return JSONResponse({**plan.as_dict(), "errors": []})


def post_mask(question: dict[str, Any] = _JSON) -> Response:
    """The mask of `prompt` as a PNG."""
    try:
        picture = draw_mask(*_plan(question))
    except HoppingError as error:
        return _refusal(error)
    data = io.BytesIO()
    picture.save(data, "PNG")
    return Response(data.getvalue(), media_type="image/png")


class TooLargeError(HoppingError):
    """The story is longer than these routes answer for."""


def _plan(question: Mapping[str, Any]) -> tuple[StoryPlan, Callable[[int], str]]:
    options = dict(question)
    prompt = options.pop("prompt", None)
    if not isinstance(prompt, str):
        raise OptionError("a prompt is needed: a text, the story with one frame per line")
    options.setdefault("enabled", True)
    request = parse_request(options)
    _check_size(prompt, request)
    return plan_with_words(prompt, request)


def _check_size(prompt: str, request: Request) -> None:
    """Refuse what would keep the server busy for minutes."""
    _check_most(len(prompt), MOST_CHARACTERS, "characters")
    frames = parse_prompt(prompt, request).frames
    _check_most(len(frames), MOST_FRAMES, "frames")
    _check_most(
        sum(len(frame.text) for frame in frames),
        MOST_CHARACTERS,
        "characters, with what stands before and after each frame",
    )
    brackets = [frame.text.count("(") + frame.text.count("[") for frame in frames]
    _check_most(sum(brackets), MOST_BRACKETS, "brackets")
    for frame, count in zip(frames, brackets, strict=True):
        _check_most(count, MOST_BRACKETS_IN_FRAME, "brackets", frame.number)


def _check_most(count: int, most: int, what: str, frame: int | None = None) -> None:
    if count > most:
        whose = "the story" if frame is None else "it"
        raise TooLargeError(
            f"{whose} has {count} {what}; /hopping/plan and /hopping/mask answer for {most} "
            "at most",
            frame=frame,
        )


def _refusal(error: HoppingError) -> Response:
    where = {"line": error.line, "column": error.column, "frame": error.frame}
    return JSONResponse(
        {"detail": str(error), "errors": [{"message": error.reason, **where}]},
        status_code=413 if isinstance(error, TooLargeError) else 422,
    )


def _guard(credentials: str) -> Callable[..., None]:
    """What lets the users of `--api-auth` pass (user:password, by commas), as the host does."""
    passwords = dict(pair.split(":", 1) for pair in credentials.split(","))

    def check(given: HTTPBasicCredentials = _BASIC) -> None:
        expected = passwords.get(given.username)
        if expected is None or not secrets.compare_digest(
            given.password.encode(), expected.encode()
        ):
            raise HTTPException(
                status_code=401,
                detail="Incorrect username or password",
                headers={"WWW-Authenticate": "Basic"},
            )

    return check

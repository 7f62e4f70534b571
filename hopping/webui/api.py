"""`POST /hopping/plan` and `POST /hopping/mask`: what hopping will do, without a picture made."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Body, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from modules import script_callbacks, shared

from hopping.errors import HoppingError, OptionError
from hopping.mask_drawing import TokenText
from hopping.mask_picture import draw_mask
from hopping.page.limits import TooLargeError, check_brackets, check_story, check_text
from hopping.plan import StoryPlan
from hopping.run_options import HoppingRequest, parse_request

from .planning import parse_prompt, plan_with_words

# The host's FastAPI is older than Annotated parameters.
_JSON = Body()
_BASIC = Depends(HTTPBasic())


def register() -> None:
    """Add the routes once the host's server runs."""
    script_callbacks.on_app_started(add_routes)


def add_routes(_demo: Any, app: FastAPI) -> None:
    """Add the routes where the host offers its own API, under the same credentials."""
    if not (shared.cmd_opts.api or shared.cmd_opts.nowebui):
        return
    guards = [Depends(_guard(shared.cmd_opts.api_auth))] if shared.cmd_opts.api_auth else []
    for path, answer in (("/hopping/plan", post_plan), ("/hopping/mask", post_mask)):
        app.add_api_route(path, answer, methods=["POST"], dependencies=guards, response_model=None)


# Neither takes the host's queue lock: they read the tokenizer only, and answer during a run.


def post_plan(question: Any = _JSON) -> Response:
    """The plan of `prompt`: layout, reason, frames, errors. Options stand beside the prompt."""
    try:
        plan, _ = _plan(question)
    except HoppingError as error:
        return _refusal(error)
    return JSONResponse({**plan.as_dict(), "errors": []})


def post_mask(question: Any = _JSON) -> Response:
    """The mask of `prompt` as a PNG."""
    try:
        picture = draw_mask(*_plan(question))
    except HoppingError as error:
        return _refusal(error)
    data = io.BytesIO()
    picture.save(data, "PNG")
    return Response(data.getvalue(), media_type="image/png")


def _plan(question: Any) -> tuple[StoryPlan, TokenText]:
    if not isinstance(question, Mapping):  # checked here: FastAPI's refusal cannot hold any text
        raise OptionError("the body must be an object with a prompt and any options")
    options = dict(question)
    prompt = options.pop("prompt", None)
    if not isinstance(prompt, str):
        raise OptionError("a prompt is needed: a text, the story with one frame per line")
    options.setdefault("enabled", True)
    request = parse_request(options)
    _check_size(prompt, request)
    return plan_with_words(prompt, request)


def _check_size(prompt: str, request: HoppingRequest) -> None:
    """Refuse what would keep the server busy for minutes."""
    check_text(prompt)
    story = parse_prompt(prompt, request)
    check_story(story)
    check_brackets(story)


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

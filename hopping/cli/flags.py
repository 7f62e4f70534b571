"""Flags made from the tables of options and settings, none of which a command lists again."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import typer

from hopping.errors import HoppingError, OptionError
from hopping.options import HoppingOptions, Option
from hopping.run_options import RECOMMENDED
from hopping.studio import sampling
from hopping.studio.page_options import PageOptions

_HOPPING = "How frames see each other"
_SAMPLING = "Sampling"
_PAGES = "Pages"

FILE = typer.Argument(metavar="FILE", help="The story, a text file; - reads standard input.")


@dataclass(frozen=True)
class Flag:
    """One flag: the name of its value, the type, and what typer is told."""

    name: str
    kind: type
    option: Any


def setting(*names: str, help: str, metavar: str | None = None) -> Any:
    """A flag of one command's own, shown among those of sampling."""
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=_SAMPLING)


def _of_option(row: Option, panel: str) -> Flag:
    """Its name, values and help are the table's."""
    flag = _flag(row.name)
    switch = row.kind == "switch"
    values = "NAME" if row.kind == "choice" else row.kind.upper()
    default = row.format(row.default)
    help_text = row.help.replace("[", r"\[")  # square brackets are markup
    option = typer.Option(
        f"--{flag}/--no-{flag}" if switch else f"--{flag}",
        metavar=None if switch else values,
        help=help_text + (f" (default: {default})" if default else ""),
        rich_help_panel=panel,
    )
    # A choice, a reach or a number is parsed by the table, with the table's own errors.
    return Flag(row.name, bool if switch else str, option)


def _of_setting(row: sampling.Setting) -> Flag:
    option = setting(f"--{_flag(row.name)}", help=row.help, metavar=row.metavar)
    return Flag(row.name, row.kind, option)


def _flag(name: str) -> str:
    return name.replace("_", "-")


MODEL = Flag(
    "model",
    str,
    setting(
        "--model",
        metavar="MODEL",
        help="A diffusers folder, a .safetensors or .ckpt file, or a hub name (owner/name). "
        "Default: the small model that comes with this package.",
    ),
)
_PRESET = Flag(
    "preset",
    str,
    typer.Option(
        "--preset",
        metavar="NAME",
        help=f"Several options at once, which other flags override: "
        f"{', '.join(HoppingOptions.PRESETS)} (default: {RECOMMENDED}).",
        rich_help_panel=_HOPPING,
    ),
)
OPTIONS = (_PRESET, *(_of_option(row, _HOPPING) for row in HoppingOptions.rows()))
RUN = tuple(_of_option(row, _SAMPLING) for row in sampling.RUN)
TEXTS = tuple(flag for flag in RUN if flag.name in ("before", "after"))
PICTURES = tuple(_of_setting(row) for row in sampling.SAMPLING)
PAGES = tuple(_of_option(row, _PAGES) for row in PageOptions.rows())
MACHINE = tuple(_of_setting(row) for row in sampling.MACHINE)


def takes(*flags: Flag) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The command takes these flags besides its own parameters; the values of those that were used
    reach it as `given`, by name. What it raises names them as they are typed."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)
        parameters = [parameter for name, parameter in own.parameters.items() if name != "given"]
        parameters += [
            inspect.Parameter(
                flag.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[flag.kind | None, flag.option],
            )
            for flag in flags
        ]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            found = {flag.name: values.pop(flag.name) for flag in flags}
            given = {name: value for name, value in found.items() if value is not None}
            try:
                command(**values, given=given)
            except HoppingError as error:
                raise HoppingError(as_typed(str(error), parameters)) from error

        run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def as_typed(message: str, parameters: Iterable[inspect.Parameter]) -> str:
    """A message with the options and settings that it names as flags: layout=windows is --layout
    windows, and batch_size is --batch-size."""
    kinds = {parameter.name: parameter.annotation for parameter in parameters}
    names = "|".join(kinds)

    def flag(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        if get_args(kinds[name])[0] == bool | None:
            return f"--no-{_flag(name)}" if value == "off" else f"--{_flag(name)}"
        return f"--{_flag(name)} {value}"

    message = re.sub(rf"\b({names})=([\w.]+)", flag, message)
    named = rf"(?<![-\w])({names})(?= (?:cannot be|was|at) )"
    return re.sub(named, lambda found: f"--{_flag(found[1])}", message)


def hopping_options(given: Mapping[str, Any]) -> tuple[HoppingOptions, dict[str, Any]]:
    """The options among what was given, and the rest."""
    names = {row.name for row in HoppingOptions.rows()}
    rest = {name: value for name, value in given.items() if name not in names}
    chosen = {name: value for name, value in given.items() if name in names}
    preset = rest.pop("preset", None)
    try:
        return HoppingOptions.from_mapping(chosen, preset or RECOMMENDED), rest
    except OptionError as error:
        if preset:
            raise
        HoppingOptions.from_mapping(chosen)  # what is wrong in itself is said as it is
        raise OptionError(
            f"{error} (the preset is {RECOMMENDED} where none is named; --preset Paper begins with "
            "the paper's options)"
        ) from error

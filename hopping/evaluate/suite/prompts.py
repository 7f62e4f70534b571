"""Suites of prompts in the format of ConsiStory+: sets of pictures that show one subject.

A suite is a YAML file: categories, each with a list of sets, each with `style` ("A watercolor
illustration of"), `subject` ("A red fox with a bushy tail"), `concept_token` ("fox") and
`settings` ("resting in a den", …), one for each picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hopping.errors import HoppingError
from hopping.evaluate.phrasing import Wording

NAMINGS = ("full", "once")
"""How prompts after the first name the subject: in full, as the benchmark has it, or as "the
fox", which is what hopping is for."""

_KEYS = ("style", "subject", "concept_token", "settings")


@dataclass(frozen=True)
class PromptSet:
    """Pictures that shall show one subject in several settings."""

    name: str
    style: str
    subject: str
    concept_token: str
    settings: tuple[str, ...]

    @property
    def prompts(self) -> tuple[str, ...]:
        """The benchmark's prompts, which pictures are compared with: the subject in full."""
        return tuple(self._prompt(self.subject, setting) for setting in self.settings)

    def wordings(self, naming: str = "full") -> tuple[Wording, ...]:
        """The frames as methods say them.

        Args:
            naming: Of `NAMINGS`.
        """
        again = self.subject if naming == "full" else f"the {self.concept_token}"
        frames = []
        for number, setting in enumerate(self.settings):
            who = again if number else self.subject
            text = self._prompt(who, setting)
            shared = self._prompt(f"<share:{who}>", setting)
            marked = f"<from:1> {text}" if number else shared
            name = f"the {self.concept_token}"
            named, cast = self._prompt(name, setting), ((name, self.subject),)
            frames.append(Wording(text, self.prompts[number], marked, named, cast))
        return tuple(frames)

    def _prompt(self, who: str, setting: str) -> str:
        return " ".join(filter(None, (self.style, who, setting)))


def read_suite(file: Path) -> list[PromptSet]:
    """The sets of a suite, named by their category and their number in it.

    Raises:
        HoppingError: The file is no such suite; says where and why.
        OSError: It cannot be read.
    """
    import yaml

    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise HoppingError(f"{file} is not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(read, dict) or not read:
        raise HoppingError(f"{file} has no categories; a suite is a mapping from names to lists")
    sets = []
    for category, listed in read.items():
        if not isinstance(listed, list):
            raise HoppingError(f"{file}: {category} is not a list of sets")
        sets += [
            _prompt_set(f"{category}-{number:03d}", found, f"{file}: set {number} of {category}")
            for number, found in enumerate(listed, start=1)
        ]
    return sets


def _prompt_set(name: str, found: Any, where: str) -> PromptSet:
    if not isinstance(found, Mapping):
        raise HoppingError(f"{where} is no mapping with {', '.join(_KEYS)}")
    missing = [key for key in _KEYS if key not in found]
    unknown = [str(key) for key in found if key not in _KEYS]
    if missing or unknown:
        what = f"has no {', '.join(missing)}" if missing else f"has unknown {', '.join(unknown)}"
        raise HoppingError(f"{where} {what}; known: {', '.join(_KEYS)}")
    settings = found["settings"]
    if not isinstance(settings, list) or len(settings) < 2:
        raise HoppingError(f"{where}: settings must be a list of two or more")
    texts = {key: found[key] for key in _KEYS[:3]}
    texts |= {f"setting {number}": text for number, text in enumerate(settings, start=1)}
    for key, text in texts.items():
        if not isinstance(text, str) or not (text.strip() or key == "style"):
            raise HoppingError(f"{where}: {key} must be text, not {text!r}")
        if any(sign in text for sign in "<>\n"):
            raise HoppingError(f"{where}: {key} may not hold <, > or a line break")
    style, subject, token = (texts[key].strip() for key in _KEYS[:3])
    return PromptSet(name, style, subject, token, tuple(text.strip() for text in settings))

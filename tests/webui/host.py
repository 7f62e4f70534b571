"""A WebUI of the developer's, started for the tests, and its API."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
EXTENSION = "sd-webui-hopping"
ARCHITECTURES = "hopping-test-architectures"  # what `make_checkpoints` leaves beside them
TITLE = "Hopping sequence"
# What the WebUI is started with: no network, no graphics card, a model of the tests' own.
FLAGS = (
    "--api --skip-torch-cuda-test --skip-prepare-environment --skip-install "
    "--skip-version-check --skip-python-version-check --server-name 127.0.0.1"
).split()
SETTINGS = {
    "sd_model_checkpoint": "hopping-test-sd1.safetensors",
    "show_progress_type": "Approx cheap",
    "samples_save": True,
    "grid_format": "png",  # Forge Neo begins with another
    # The host puts back after an overridden run only what stands in its file.
    "emphasis": "Original",
    "CLIP_stop_at_last_layers": 1,
    "sdxl_clip_l_skip": False,
    "use_old_emphasis_implementation": False,
    "persistent_cond_cache": True,
    "return_mask": False,
    "token_merging_ratio": 0,
    "hypertile_enable_unet": False,
    "batch_cond_uncond": True,
    "skip_early_cond": 0,
    "hires_fix_show_sampler": True,
    "hires_fix_show_prompts": True,
    "VERSION_UID": "PY313",  # else Forge Neo takes them for an older one's, and waits for Enter
}


@dataclass(frozen=True)
class Kind:
    """What the tests must know of a host before they start it.

    Attributes:
        flags: by which it computes on the processor.
        full: and those for full precision.
        half: and those for half precision, as far as a processor takes it.
        size: width and height of the tests' pictures.
        takes: which of the tests' checkpoints it can load beside sd1; the first stands for another
            one in tests.
        is_slow: whether it takes checkpoints of full width only, with which a picture lasts
            seconds.
        has_schedules: whether a run can choose its schedule beside its sampler.
    """

    name: str
    flags: tuple[str, ...]
    full: tuple[str, ...]
    half: tuple[str, ...]
    size: int
    takes: tuple[str, ...]
    is_slow: bool
    has_schedules: bool = True

    @classmethod
    def of(cls, webui: Path) -> Kind:
        """The kind of a checkout, told by its folders."""
        if not (webui / "modules_forge").is_dir():
            flags = ("--use-cpu", "all", "--no-download-sd-model")
            precision = (("--no-half",), ("--precision", "half"))
            return cls("a1111", flags, *precision, 64, takes=("sd2", "sdxl"), is_slow=False)
        # They serve the page's files from the data directory alone, unless they are told.
        served = ("--gradio-allowed-path", str(webui))
        # On a processor they keep a U-Net in half precision, and compute in full.
        precision = (("--all-in-fp32",), ("--unet-in-bf16",))
        flags = ("--always-cpu", "--no-download-sd-model", *served)
        if (webui / "backend").is_dir():
            if not (webui / "modules" / "sd_hijack.py").exists():
                precision = (("--force-fp32",), ("--bf16-unet",))
                return cls("neo", ("--cpu", *served), *precision, 64, ("sdxl",), is_slow=True)
            return cls("forge", flags, *precision, 32, ("sd2", "sdxl"), is_slow=True)
        if (webui / "extensions-builtin" / "xyz").is_dir():
            is_late = (webui / "modules" / "sd_schedulers.py").exists()  # not in February 2025
            takes = ("sdxl",) if is_late else ("sd2", "sdxl")
            return cls("forge-classic", flags, *precision, 32, takes, True, has_schedules=is_late)
        # It builds an SD 2 U-Net of the known widths, to ask a checkpoint what it predicts.
        return cls("reforge", flags, *precision, 32, ("sdxl",), is_slow=True)

    def need(self, checkpoint: str) -> None:
        """Skip a test if the host cannot load one of the tests' checkpoints."""
        if checkpoint != "sd1" and checkpoint not in self.takes:
            pytest.skip(f"{self.name} does not know the tests' small {checkpoint}")

    @property
    def other(self) -> str:
        """A checkpoint beside the usual one, by its name in the host."""
        return f"hopping-test-{self.takes[0]}"


@dataclass(frozen=True)
class Result:
    """What the API gave: pictures, also as the files they came in, and what the host tells."""

    files: list[str]
    images: list[Image.Image]
    info: dict[str, Any]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Result:
        files = answer["images"]
        images = [Image.open(io.BytesIO(base64.b64decode(data))) for data in files]
        return cls(files, images, json.loads(answer["info"]))

    @property
    def infotexts(self) -> list[str]:
        return self.info["infotexts"]

    @property
    def hashes(self) -> list[str]:
        """One per picture: equal where every pixel is."""
        return [digest(image) for image in self.images]

    @property
    def frames(self) -> list[str]:
        """`hashes` without the grid."""
        return self.hashes[self.info["index_of_first_image"] :]


class ApiError(Exception):
    """What the host answered with an error status."""

    def __init__(self, status: int, answer: dict[str, Any]) -> None:
        self.status, self.answer = status, answer
        super().__init__(f"{status}: {answer}")


class Host:
    """A running WebUI. Its data directory is the tests' own: nothing of the checkout changes."""

    def __init__(
        self, webui: Path, python: Path, data: Path, *flags: str, half: bool = False
    ) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = data
        self.kind = Kind.of(webui)
        self.size = self.kind.size
        self.log = data / f"log-{self.port}.txt"
        environment = {
            **os.environ,
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            # Bytes depend on the number of threads.
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
            "SD_WEBUI_RESTARTING": "1",  # open no browser
            "PATH": f"{self._folder_opener()}{os.pathsep}{os.environ['PATH']}",
        }
        (data / "config.json").write_text(json.dumps(SETTINGS))
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    str(python),
                    "launch.py",
                    *FLAGS,
                    *self.kind.flags,
                    *(self.kind.half if half else self.kind.full),
                    "--ckpt-dir",
                    str(data / "models" / "Stable-diffusion"),
                    "--data-dir",
                    str(data),
                    "--port",
                    str(self.port),
                    *flags,
                ],
                cwd=webui,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _folder_opener(self) -> Path:
        """Where an xdg-open stands that only notes what it was asked to open."""
        programs = self.data / "bin"
        programs.mkdir(exist_ok=True)
        (self.data / "opened").unlink(missing_ok=True)
        opener = programs / "xdg-open"
        opener.write_text(f'#!/bin/sh\nrealpath "$1" >> "{self.data}/opened"\n')
        opener.chmod(0o755)
        return programs

    @property
    def opened(self) -> list[Path]:
        """The folders that the host opened in the desktop's file manager."""
        notes = self.data / "opened"
        return [Path(line) for line in notes.read_text().splitlines()] if notes.exists() else []

    def read_log(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path: str) -> Any:
        return self._open(urllib.request.Request(self.url + path))

    def post(self, path: str, body: Any = None) -> Any:
        data = json.dumps({} if body is None else body).encode()
        headers = {"Content-Type": "application/json"}
        return self._open(urllib.request.Request(self.url + path, data, headers))

    def txt2img(self, prompt: str, hopping: Any = None, **request: Any) -> Result:
        """One run. `hopping` is the script's object of options, or its list of arguments."""
        return self._run("txt2img", prompt, hopping, request)

    def img2img(self, prompt: str, hopping: Any = None, **request: Any) -> Result:
        picture = Image.radial_gradient("L").resize((self.size, self.size)).convert("RGB")
        start = {"init_images": [encoded(picture)], "denoising_strength": 0.8}
        return self._run("img2img", prompt, hopping, start | request)

    @property
    def outputs(self) -> Path:
        """Where pictures are saved."""
        return self.data / ("output" if self.kind.name in ("forge-classic", "neo") else "outputs")

    def script(self, title: str) -> str:
        """The name, to the API, of the script whose title is so, or begins so."""
        names = {script["name"] for script in self.get("/sdapi/v1/script-info")}
        return min(name for name in names if name.startswith(title))

    def settings(self, **settings: Any) -> None:
        """Change settings of the host for all that follows."""
        self.post("/sdapi/v1/options", settings)

    def _run(self, tab: str, prompt: str, hopping: Any, request: dict[str, Any]) -> Result:
        body = {
            "prompt": prompt,
            "negative_prompt": "blurry",
            "seed": 5,
            "steps": 2,
            "width": self.size,
            "height": self.size,
            "cfg_scale": 7,
            "sampler_name": "Euler",
            **request,
        }
        if self.kind.name in ("forge", "neo") and "infotext" in body:
            pytest.skip("the host's API fails on a request with an infotext")
        if self.kind.name in ("forge", "neo") and body.get("enable_hr"):
            # Their API has no default for it, and fails.
            body.setdefault("hr_additional_modules", ["Use same choices"])
        if self.kind.name == "forge-classic" and self.kind.has_schedules:
            body.setdefault("hr_cfg_scale", body["cfg_scale"])  # its API has no default for it
        if self.kind.name == "neo" and "hr_upscaler" in body:
            body["hr_upscaler"] = "None"  # its release 2.26 has no latent ones
        if hopping is not None:
            arguments = hopping if isinstance(hopping, list) else [{"enabled": True, **hopping}]
            scripts = body.get("alwayson_scripts", {})
            body["alwayson_scripts"] = {**scripts, TITLE: {"args": arguments}}
        answer = self.post(f"/sdapi/v1/{tab}", body)
        return Result.of(answer)

    def _open(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=900) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, json.loads(error.read() or b"{}")) from None

    def _wait(self) -> None:
        """Until the host answers and its model is loaded.

        It is asked only when it says that it has started: a question before that would keep it
        from adding its API.
        """
        for _ in range(2400):
            if self._process.poll() is not None:
                break
            if "Startup time:" in self.read_log():
                with suppress(urllib.error.URLError):  # by --nowebui it listens only then
                    self.txt2img("ready?", steps=1)
                    return
            time.sleep(0.25)
        self.stop()
        raise RuntimeError(f"the WebUI did not start; its log:\n{self.read_log()[-4000:]}")


def digest(image: Image.Image) -> str:
    return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()[:16]


def encoded(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def prepare(webui: Path, python: Path, data: Path) -> None:
    """The tests' checkpoints, where they are missing."""
    complete = data / "complete"
    if complete.exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    if Kind.of(webui).is_slow:
        script, arguments = "make_real_width.py", [data]
    else:
        script, arguments = "make_checkpoints.py", [webui, data]
    command = [python, Path(__file__).with_name(script), *arguments]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    complete.touch()


def prepare_beside(base: Path, data: Path, extensions: Sequence[Path]) -> None:
    """A data directory with the checkpoints of another one, and these extensions alone."""
    links = {data / name: base / name for name in ("models", "embeddings", "styles.csv")}
    known = [base / "extensions" / ARCHITECTURES, *extensions]
    links |= {data / "extensions" / extension.name: extension for extension in known}
    shutil.rmtree(data, ignore_errors=True)
    (data / "extensions").mkdir(parents=True)
    for link, target in links.items():
        link.symlink_to(target)
    (data / "ui-config.json").write_text("{}")  # NegPiP reads it before the host writes it


def link_extension(data: Path) -> None:
    """Link this project into the host's extensions."""
    link = data / "extensions" / EXTENSION
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink() or link.resolve() != ROOT:
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT, target_is_directory=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

"""Stand-ins for what other extensions need beside their code. The WebUI loads this as a script.

Their own code runs as it is. What stands in: ADetailer's detector, whose weights are not at hand,
and the sizes that ControlNet takes a Stable Diffusion 1 model to have.
"""

import sys

from modules import script_callbacks, scripts


def detect(model, image, confidence=0.3):
    """As ADetailer's `mediapipe_predict`: one box, in the middle of any picture."""
    from adetailer.common import PredictOutput, create_mask_from_bbox

    width, height = image.size
    boxes = [[width / 4, height / 4, width * 3 / 4, height * 3 / 4]]
    masks = create_mask_from_bbox(boxes, image.size)
    return PredictOutput(bboxes=boxes, masks=masks, confidences=[1.0], preview=image.copy())


def before_ui():
    for script in scripts.scripts_data:
        if script.script_class.__module__ == "!adetailer.py":
            script.module.mediapipe_predict = detect
    controlnet = sys.modules.get("scripts.controlnet_model_guess")
    if controlnet is not None:
        controlnet.controlnet_default_config.update(model_channels=32, channel_mult=[1, 2, 2, 2])


def settings():
    # Dynamic Prompts before April 2024 registers its settings too late for WebUI 1.9 and later.
    dynamic_prompts = sys.modules.get("sd_dynamic_prompts.settings")
    if dynamic_prompts is not None:
        dynamic_prompts.on_ui_settings()


script_callbacks.on_before_ui(before_ui)
script_callbacks.on_ui_settings(settings)

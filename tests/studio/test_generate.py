"""Frames from real pipelines: plain ones are the pipeline's own, hopped ones cost no more."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from hopping import EncoderError, HoppingOptions, OptionError, StoryError, parse_story
from hopping.studio import SAMPLERS, FrameKey, generate_story
from hopping.studio.pipeline_conditioner import PipelineConditioner, windows_of
from hopping.studio.samplers import build_scheduler
from tests.encoders import hook_count

STEPS, SEED = 2, 5
LONG = ", ".join(["a very long list of words"] * 20)
SUBJECT = HoppingOptions.from_mapping({}, preset="Consistent subject")


def frames(pipeline, story, options=None, **arguments):
    settings = {"num_inference_steps": STEPS, "seed": SEED, **arguments}
    return list(generate_story(pipeline, story, options, **settings))


def pictures(pipeline, story, options=None, **arguments):
    return [frame.image.tobytes() for frame in frames(pipeline, story, options, **arguments)]


def own_picture(pipeline, prompt, **arguments):
    settings = {"num_inference_steps": STEPS, "guidance_scale": 7.5, **arguments}
    generator = torch.Generator().manual_seed(SEED)
    return pipeline(prompt=prompt, generator=generator, **settings).images[0].tobytes()


@pytest.mark.parametrize("negative", [None, "blurry, bad"])
@pytest.mark.parametrize("cfg", [1.0, 7.5])
def test_plain_frames_are_the_pipelines_own(pipeline, dog, negative, cfg):
    plain = pictures(
        pipeline, dog, HoppingOptions(mode="baseline"), negative_prompt=negative, guidance_scale=cfg
    )
    assert plain == [
        own_picture(pipeline, line, negative_prompt=negative, guidance_scale=cfg)
        for line in dog.split("\n")
    ]


@pytest.mark.parametrize("options", [HoppingOptions(), SUBJECT], ids=["paper", "subject"])
def test_first_frame_is_plain_and_later_ones_hop(pipeline, dog, options):
    made = frames(pipeline, dog, options, compare=True)
    assert [frame.key for frame in made] == [
        FrameKey(plain, number) for plain in (False, True) for number in (1, 2, 3)
    ]
    assert [frame.text for frame in made] == dog.split("\n") * 2
    hopped, plain = made[:3], made[3:]
    assert [a.image.tobytes() == b.image.tobytes() for a, b in zip(hopped, plain, strict=True)] == [
        True,
        False,
        False,
    ]


def test_no_frame_depends_on_a_later_one(pipeline, dog):
    for batch_size in (1, 2):
        short = pictures(pipeline, dog, HoppingOptions(layout="windows"), batch_size=batch_size)
        longer = pictures(
            pipeline,
            f"{dog}\nA dog, {LONG}",
            HoppingOptions(layout="windows"),
            batch_size=batch_size,
        )
        assert longer[:2] == short[:2]


def test_sampling_costs_what_it_costs_without_hopping(pipeline, dog):
    calls = []
    pipeline.unet.register_forward_pre_hook(
        lambda _, args, kwargs: calls.append(
            (args[0].shape, kwargs["encoder_hidden_states"].shape)
        ),
        with_kwargs=True,
    )
    hopped = pictures(pipeline, dog, SUBJECT)
    of_hopped = calls.copy()
    calls.clear()
    for line in dog.split("\n"):
        own_picture(pipeline, line)
    assert calls == of_hopped
    assert len(hopped) == 3


def test_batches_are_the_same_pictures_up_to_rounding(pipeline, dog):
    single = frames(pipeline, dog)
    batched = frames(pipeline, dog, batch_size=2)
    for a, b in zip(single, batched, strict=True):
        difference = np.asarray(a.image, dtype=int) - np.asarray(b.image, dtype=int)
        assert abs(difference).max() <= 1


def test_a_batch_holds_one_embedding_length(sd1):
    lengths = []
    sd1.unet.register_forward_pre_hook(
        lambda _, args, kwargs: lengths.append(tuple(kwargs["encoder_hidden_states"].shape[:2])),
        with_kwargs=True,
    )
    frames(sd1, f"a dog\na cat\na bird, {LONG}\na fish", batch_size=4, num_inference_steps=1)
    # Twice the frames: negative and positive prompt.
    assert lengths == [(4, 77), (2, 154), (2, 77)]


def test_a_long_negative_prompt_takes_windows_too(pipeline):
    conditioner = PipelineConditioner(pipeline)
    assert conditioner.negative_windows(LONG) == 2
    assert windows_of(conditioner.encode_negative(LONG)) == 2
    assert windows_of(conditioner.encode_negative("bad", windows=3)) == 3
    plain = conditioner.plan(parse_story("a dog"), HoppingOptions())
    assert [windows_of(c) for c in conditioner.encode(plain, windows=2)] == [2]
    assert len(frames(pipeline, "a dog\na cat", negative_prompt=LONG)) == 2


def test_pooled_output_is_the_plain_one_unless_carried(sdxl, dog):
    conditioner = PipelineConditioner(sdxl)
    story = parse_story(dog)
    plain, tokens, carried = (
        [c.pooled for c in conditioner.encode(conditioner.plan(story, options))]
        for options in (HoppingOptions(mode="baseline"), HoppingOptions(), SUBJECT)
    )
    assert all(map(torch.equal, plain, tokens))
    assert torch.equal(plain[0], carried[0])
    assert not torch.equal(plain[1], carried[1])


def test_clip_skip_is_the_pipelines(sdxl, dog):
    plain = HoppingOptions(mode="baseline")
    skipped = pictures(sdxl, dog, plain, clip_skip=1)
    assert skipped[1] == own_picture(sdxl, dog.split("\n")[1], clip_skip=1)
    assert skipped != pictures(sdxl, dog, plain)


def test_lora_acts_with_its_scale(sd1, dog):
    from peft import LoraConfig

    before = pictures(sd1, dog)
    torch.manual_seed(4)
    sd1.text_encoder.add_adapter(
        LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    )
    scale = {"cross_attention_kwargs": {"scale": 0.5}}
    plain = HoppingOptions(mode="baseline")
    assert pictures(sd1, dog) != before
    assert pictures(sd1, dog, plain, **scale)[1] == own_picture(sd1, dog.split("\n")[1], **scale)
    assert pictures(sd1, dog, plain, **scale) != pictures(sd1, dog, plain)


def test_textual_inversion_of_several_vectors(sd1):
    generator = torch.Generator().manual_seed(6)
    vectors = {
        "<red-dog>": torch.randn(3, sd1.text_encoder.config.hidden_size, generator=generator)
    }
    sd1.load_textual_inversion(vectors)
    story = "A photo of <red-dog> in the river.\nThe <red-dog> sits."
    plain = pictures(sd1, story, HoppingOptions(mode="baseline"))
    assert plain[1] == own_picture(sd1, "The <red-dog> sits.")
    (planned,) = PipelineConditioner(sd1).plan(parse_story(story), HoppingOptions())
    words = sd1.tokenizer("The sits.", add_special_tokens=False)["input_ids"]
    assert planned.frames[1].tokens == len(words) + 3
    assert pictures(sd1, story)[1] != plain[1]


def test_finished_frames_are_not_made_again(sd1, dog):
    whole = frames(sd1, dog, compare=True)
    steps = []
    done = [FrameKey(False, 1), FrameKey(False, 3), FrameKey(True, 2)]
    rest = frames(sd1, dog, compare=True, done=done, on_step=lambda *step: steps.append(step))
    assert [f.key for f in rest] == [f.key for f in whole if f.key not in done]
    images = {f.key: f.image.tobytes() for f in whole}
    assert all(f.image.tobytes() == images[f.key] for f in rest)
    assert [(key, step) for key, step, of in steps if of == STEPS] == [
        (key, step) for key in (f.key for f in rest) for step in (1, 2)
    ]


def test_a_half_finished_batch_is_made_whole_for_the_same_bytes(sd1, dog):
    whole = pictures(sd1, dog, batch_size=2)
    rest = frames(sd1, dog, batch_size=2, done=[FrameKey(False, 1)])
    assert [f.key.number for f in rest] == [2, 3]
    assert [f.image.tobytes() for f in rest] == whole[1:]


def test_a_frames_own_seed_is_its_noise_alone(pipeline, dog):
    lines = dog.split("\n")
    lines[1] = f"<seed:{SEED + 7}> {lines[1]}"
    for same_noise in (True, False):
        plain = pictures(pipeline, dog, same_noise=same_noise)
        own = pictures(pipeline, "\n".join(lines), same_noise=same_noise)
        other = pictures(pipeline, dog, seed=SEED + 7)
        assert own == [plain[0], other[1], plain[2]]


@pytest.mark.parametrize("compare", [False, True])
def test_some_frames_are_those_of_the_whole_story(pipeline, dog, compare):
    whole = {f.key: f.image.tobytes() for f in frames(pipeline, dog, compare=compare)}
    some = frames(pipeline, dog, compare=compare, frames="2-3")
    assert [frame.key for frame in some] == [key for key in whole if key.number > 1]
    assert all(frame.image.tobytes() == whole[frame.key] for frame in some)
    with pytest.raises(OptionError, match="the story has 3 frames"):
        frames(pipeline, dog, frames="4")


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_keep_the_models_own_prediction(sd1, name):
    own = type(sd1.scheduler)
    sd1.scheduler = own.from_config(sd1.scheduler.config, prediction_type="v_prediction")
    scheduler = build_scheduler(name.upper(), sd1.scheduler)
    assert scheduler.config.prediction_type == "v_prediction"
    assert scheduler.config.beta_schedule == "scaled_linear"
    own = sd1.scheduler
    image = np.asarray(frames(sd1, "a dog", sampler=name, num_inference_steps=3)[0].image)
    assert image.std() > 0
    assert sd1.scheduler is own


def test_lms_is_the_papers(sd1):
    from diffusers import LMSDiscreteScheduler

    paper = LMSDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    ours = build_scheduler("LMS", sd1.scheduler)
    paper.set_timesteps(50)
    ours.set_timesteps(50)
    assert torch.equal(paper.timesteps, ours.timesteps)
    assert torch.equal(paper.sigmas, ours.sigmas)


class Drawn(TorchFunctionMode):
    """Notes in which precision noise is drawn."""

    def __init__(self):
        super().__init__()
        self.dtypes = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.randn:
            self.dtypes.append((kwargs or {}).get("dtype"))
        return func(*args, **kwargs or {})


@pytest.mark.parametrize("sampler", ["Euler a", "DPM2 a", "DPM++ 2M SDE", "DDPM"])
def test_noise_is_drawn_in_32_bits(sd1, dog, sampler):
    """In 16 some releases of torch draw other numbers, and a seed would be another picture."""
    own, step = sd1.prepare_latents, type(sd1.scheduler).step
    sd1.to(dtype=torch.bfloat16)
    with Drawn() as drawn:
        frames(sd1, dog.split("\n")[0], sampler=sampler, num_inference_steps=4)
    assert len(drawn.dtypes) > 1  # the first noise, and the sampler's
    assert set(drawn.dtypes) == {torch.float32}
    assert sd1.prepare_latents == own
    assert sd1.scheduler.step.__func__ is step


def test_an_image_to_start_from_takes_noise_in_32_bits_too(sd1, dog):
    from diffusers import StableDiffusionImg2ImgPipeline
    from PIL import Image

    img2img = StableDiffusionImg2ImgPipeline(**sd1.components, requires_safety_checker=False)
    img2img.set_progress_bar_config(disable=True)
    img2img.to(dtype=torch.bfloat16)
    start = Image.new("RGB", (16, 16), "red")
    with Drawn() as drawn:
        frames(img2img, dog, image=start, strength=0.9, num_inference_steps=3)
    assert set(drawn.dtypes) == {torch.float32}


@pytest.mark.parametrize("options", [HoppingOptions(), SUBJECT], ids=["paper", "subject"])
def test_weights_that_accelerate_keeps_elsewhere(pipeline, dog, options):
    """Its sequential offload: a module's weights are there for as long as the module runs."""
    from accelerate import cpu_offload

    before = pictures(pipeline, dog, options)
    for name in ("text_encoder", "text_encoder_2", "unet", "vae"):
        if hasattr(pipeline, name):
            cpu_offload(getattr(pipeline, name), torch.device("cpu"))
    assert next(pipeline.text_encoder.parameters()).is_meta
    assert pictures(pipeline, dog, options) == before


def test_other_pipelines_take_prompt_embeds_too(sd1, dog):
    from diffusers import StableDiffusionImg2ImgPipeline
    from PIL import Image

    img2img = StableDiffusionImg2ImgPipeline(**sd1.components, requires_safety_checker=False)
    img2img.set_progress_bar_config(disable=True)
    start = Image.new("RGB", (16, 16), "red")
    made = pictures(img2img, dog, image=start, strength=0.9, num_inference_steps=3)
    assert len(set(made)) == 3


def test_nothing_is_left_behind_when_it_is_stopped(pipeline, dog):
    def stop(*_):
        raise KeyboardInterrupt

    own = pipeline.scheduler
    frames(pipeline, dog)  # a library's own hooks come with its first run
    hooks = hook_count(pipeline.text_encoder)
    with pytest.raises(KeyboardInterrupt):
        frames(pipeline, dog, sampler="Euler", on_step=stop)
    assert hook_count(pipeline.text_encoder) == hooks
    assert pipeline.scheduler is own
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("story", "arguments", "told"),
    [
        ("a dog\n<lora:red:0.8> a cat", {}, "line 2, column 1: <lora:red:0.8>"),
        ("a <share:<hypernet:x:1> dog>", {}, "line 1, column 10"),
        ("a dog", {"width": 17}, "width cannot be 17"),
        ("a dog", {"batch_size": 0}, "batch_size"),
        ("a dog", {"sampler": "LSM"}, "known: LMS"),
        ("a dog", {"stepz": 3}, "takes no argument 'stepz'"),
        (f"a dog\n{LONG}", {"options": HoppingOptions(layout="joint")}, "more than the joint"),
    ],
)
def test_what_cannot_be_done_is_refused_before_sampling(sd1, story, arguments, told):
    sd1.unet.register_forward_pre_hook(lambda *_: pytest.fail("something was sampled"))
    with pytest.raises((StoryError, OptionError, ValueError), match=told):
        frames(sd1, story, **arguments)


def test_tags_before_every_frame_are_refused(sd1):
    with pytest.raises(StoryError, match="before or after every frame"):
        generate_story(sd1, parse_story("a dog", after="<lora:x:1>"))


def test_an_unknown_pipeline_is_refused():
    with pytest.raises(EncoderError, match=r"SD 1\.x, SD 2\.x and SDXL"):
        generate_story(object(), "a dog")

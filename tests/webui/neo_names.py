"""What this extension takes from the host, as it stands in Forge Neo: names and signatures, facts.

Read in its release 2.30 (see neo_stand_ins), and where no copy of a file of that release is at
hand, in 2.26 (exo101/sd-webui-forge-neo-v3 at 5692d2d1), on 2026-11-26. A name without brackets is
no function, or is not called here.
"""

NAMES = {
    "backend.args": ["dynamic_args"],
    "backend.text_processing.emphasis": ["get_current_option(emphasis_option_name)"],
    "backend.text_processing.parsing": ["parse_prompt_attention(text, emphasis=None)"],
    "modules.call_queue": ["wrap_gradio_gpu_call(func, extra_outputs=None)"],
    "modules.devices": ["autocast(*args, **kwargs)", "device"],
    "modules.errors": ["report(message, *, exc_info=False)"],
    "modules.extra_networks": [
        "extra_network_aliases",
        "extra_network_registry",
        "parse_prompt(prompt)",
    ],
    "modules.images": [
        "read_info_from_image(image)",
        (
            "save_image(image, path, basename, seed=None, prompt=None, extension='png', info=None, "
            "short_filename=False, no_prompt=False, grid=False, pnginfo_section_name='parameters', "
            "p=None, existing_info=None, forced_filename=None, suffix='', save_to_dirs=None)"
        ),
    ],
    "modules.infotext_utils": [
        (
            "ParamBinding(paste_button, tabname, source_text_component=None, "
            "source_image_component=None, source_tabname=None, override_settings_component=None, "
            "paste_field_names=None)"
        ),
        "PasteField(component, target, *, api=None)",
        "add_paste_fields(tabname, init_img, fields, override_settings_component=None)",
        "create_override_settings_dict(text_pairs)",
        "image_from_url_text(filedata)",
        "paste_fields",
        "register_paste_params_button(binding)",
        "registered_param_bindings",
    ],
    "modules.processing": [
        "DecodedSamples(*args)",
        (
            "StableDiffusionProcessingTxt2Img(*, sd_model=None, outpath_samples=None, "
            "outpath_grids=None, prompt='', negative_prompt='', styles=None, seed=-1, subseed=-1, "
            "subseed_strength=0, sampler_name=None, scheduler=None, batch_size=1, n_iter=1, "
            "steps=50, cfg_scale=7.0, distilled_cfg_scale=3.5, width=512, height=512, "
            "do_not_save_samples=False, do_not_save_grid=False, override_settings=None, "
            "enable_hr=False, denoising_strength=0.75, hr_scale=2.0, hr_upscaler=None, "
            "hr_second_pass_steps=0, hr_resize_x=0, hr_resize_y=0, hr_checkpoint_name=None, "
            "hr_additional_modules=None, hr_sampler_name=None, hr_scheduler=None, hr_prompt='', "
            "hr_negative_prompt='', hr_cfg=1.0, hr_distilled_cfg=3.5)"
        ),
        (
            "create_infotext(p, all_prompts, all_seeds, all_subseeds, comments=None, iteration=0, "
            "position_in_batch=0, use_main_prompt=False, index=None, all_negative_prompts=None)"
        ),
        "get_fixed_seed(seed)",
        "process_images(p)",
    ],
    "modules.processing_scripts.seed": [
        "connect_reuse_seed(seed, reuse_seed, generation_info, is_subseed)"
    ],
    "modules.progress": ["current_task", "restore_progress(id_task)"],
    "modules.prompt_parser": [
        "ComposableScheduledPromptConditioning(schedules, weight=1.0)",
        "MulticondLearnedConditioning(shape, batch)",
        "ScheduledPromptConditioning(end_at_step, cond)",
        (
            "SdConditioning(prompts, is_negative_prompt=False, width=None, height=None, "
            "copy_from=None, distilled_cfg_scale=None)"
        ),
        "get_learned_conditioning(model, prompts, steps, hires_steps=None)",
        "get_learned_conditioning_prompt_schedules(prompts, base_steps, hires_steps=None)",
        "get_multicond_prompt_list(prompts)",
    ],
    "modules.script_callbacks": [
        "on_after_component(callback, *, name=None)",
        "on_app_started(callback, *, name=None)",
        "on_infotext_pasted(callback, *, name=None)",
        "on_ui_settings(callback, *, name=None)",
        "on_ui_tabs(callback, *, name=None)",
    ],
    "modules.scripts": ["AlwaysVisible", "Script", "scripts_data", "scripts_txt2img"],
    "modules.sd_models": ["checkpoint_tiles(use_short=False)", "list_models()", "model_data"],
    "modules.sd_samplers": [
        "get_hr_sampler_from_infotext(d)",
        "get_hr_scheduler_from_infotext(d)",
        "get_sampler_from_infotext(d)",
        "get_scheduler_from_infotext(d)",
        "visible_sampler_names()",
    ],
    "modules.shared": [
        (
            "OptionInfo(default=None, label='', component=None, component_args=None, "
            "onchange=None, section=None, refresh=None, comment_before='', comment_after='', "
            "infotext=None, restrict_api=False, category_id=None)"
        ),
        "cmd_opts",
        "latent_upscale_default_mode",
        "latent_upscale_modes",
        "opts",
        "prompt_styles",
        "sd_model",
        "sd_upscalers",
        "state",
        "total_tqdm",
    ],
    "modules.ui": [
        "create_override_settings_dropdown(tabname, row)",
        "random_symbol",
        "reuse_symbol",
        "switch_values_symbol",
    ],
    "modules.ui_common": [
        "create_output_panel(tabname, outdir, toprow=None)",
        "create_refresh_button(refresh_component, refresh_method, refreshed_args, elem_id)",
        "plaintext_to_html(text, classname=None)",
        "update_generation_info(generation_info, html_info, img_index)",
    ],
    "modules.ui_components": [
        "FormRow(*args, **kwargs)",
        "InputAccordion(value=None, **kwargs)",
        "ResizeHandleRow(**kwargs)",
        "ToolButton(value='', *args, elem_classes=None, **kwargs)",
    ],
    "modules.ui_toprow": ["Toprow(is_img2img, *, is_compact=None, id_part=None)"],
    "modules_forge.main_thread": [
        "Task(task_id, func, args, kwargs)",
        "run_and_wait_result(func, *args, **kwargs)",
    ],
}

SETTINGS = {
    "CLIP_stop_at_last_layers",
    "add_option",
    "data",
    "do_not_show_images",
    "emphasis",
    "enable_pnginfo",
    "grid_extended_filename",
    "grid_format",
    "grid_only_if_multiple",
    "grid_save",
    "hires_fix_show_prompts",
    "hires_fix_show_sampler",
    "outdir_grids",
    "outdir_samples",
    "outdir_txt2img_grids",
    "outdir_txt2img_samples",
    "return_mask",
    "return_mask_composite",
    "samples_log_stdout",
}
"""Of `modules.shared.opts`; what is read with a default need not be there."""

// The tab "Hopping sequence": submit with the host's progress bar. Its plan is in hopping_plan.js.

// ---- Running -----------------------------------------------------------------------------------

const HOPPING_TASK = "hopping_task_id";

function hoppingShowProgress(id, onEnd, inactivityTimeout) {
    requestProgress(
        id,
        gradioApp().getElementById("hopping_gallery_container"),
        gradioApp().getElementById("hopping_gallery"),
        function() {
            showSubmitButtons("hopping", true);
            hoppingPlan.soon(); // the run may have loaded the checkpoint that the plan asks
            onEnd();
        },
        null,
        inactivityTimeout
    );
}

// The host's own function leaves the button hidden in forge-classic.
function hoppingShowRestore(show) {
    const button = gradioApp().getElementById("hopping_restore_progress");
    button?.style.setProperty("display", show ? "flex" : "none", "important");
}

function hoppingSubmit() {
    showSubmitButtons("hopping", false);
    const id = randomId();
    localSet(HOPPING_TASK, id);
    hoppingShowProgress(id, function() {
        localRemove(HOPPING_TASK);
        hoppingShowRestore(false);
    });
    const values = Array.from(arguments);
    // Gradio hands in the outputs too; the gallery of the last run need not travel back.
    const gallery = values.length - 4;
    if (Array.isArray(values[gallery])) values[gallery] = null;
    values[0] = id;
    return values;
}

let hoppingFrame = -1; // the frame that is being made again, by its place in the gallery

// One frame of the gallery: which one, the page knows.
function hoppingSubmitFrame() {
    hoppingFrame = selected_gallery_index();
    const values = hoppingSubmit(...arguments);
    values[2] = hoppingFrame;
    return values;
}

// The answer shows the grid; then the frame again, for one more try.
function hoppingShowFrame() {
    const gallery = gradioApp().getElementById("hopping_gallery");
    setTimeout(() => gallery.querySelectorAll(".thumbnail-small")[hoppingFrame]?.click(), 200);
    return [];
}

function hoppingRestoreProgress() {
    hoppingShowRestore(false);
    const id = localGet(HOPPING_TASK);
    if (id) {
        showSubmitInterruptingPlaceholder("hopping");
        hoppingShowProgress(id, () => localRemove(HOPPING_TASK), 0);
    }
    return id;
}

// ---- Scripts that are on in txt2img ------------------------------------------------------------

// The host's own accordions that are switched on, and what else has a box "Enable" that is checked.
function hoppingScriptsOn() {
    const page = gradioApp().getElementById("tab_txt2img");
    const boxes = Array.from(page.querySelectorAll("input[type=checkbox]:checked"));
    const names = boxes.map(function(box) {
        const accordion = box.closest(".input-accordion");
        if (accordion && box.id === `${accordion.id}-visible-checkbox`) return accordion;
        const says = box.closest("label")?.textContent.trim() || "";
        return /^(enable|active)/i.test(says) && box.closest("#txt2img_script_container .gradio-accordion");
    }).filter((accordion) => accordion && !/hopping_sequence|^txt2img_hr$/.test(accordion.id))
        .map((accordion) => accordion.querySelector(".label-wrap > span").textContent.trim());
    return Array.from(new Set(names));
}

function hoppingNameScripts() {
    const note = gradioApp().getElementById("hopping_scripts_note");
    const names = hoppingScriptsOn().join(", ");
    const list = note.querySelector("b");
    if (list.textContent !== names) list.textContent = names;
    note.classList.toggle("hopping-hidden", !names);
}

// ---- What the host calls by name ---------------------------------------------------------------

function switch_to_hopping() {
    const pages = Array.from(gradioApp().querySelectorAll("#tabs > .tabitem"));
    const index = pages.findIndex((page) => page.id === "tab_hopping");
    gradioApp().querySelectorAll("#tabs > .tab-nav > button")[index]?.click();
    return Array.from(arguments);
}

function recalculate_prompts_hopping() {
    hoppingPlan.soon();
    return Array.from(arguments);
}

onUiLoaded(function() {
    // The settings may hide any of them.
    Object.values(hoppingPlans).filter((plan) => plan.panel).forEach(function(plan) {
        plan.watch();
        plan.soon();
    });
    const folds = ".gradio-accordion[id*=hopping], [id*=hopping] .gradio-accordion";
    hoppingUnfoldByKey(Array.from(gradioApp().querySelectorAll(folds)));
    if (!hoppingPlan.panel) return;
    new IntersectionObserver(hoppingNameScripts).observe(
        gradioApp().getElementById("hopping_page")
    );
    hoppingShowRestore(localGet(HOPPING_TASK));
    gradioApp().getElementById("image_buttons_hopping").after(
        gradioApp().getElementById("hopping_frames")
    );
    const gallery = gradioApp().getElementById("hopping_gallery");
    const showInfotext = () => gradioApp().getElementById("hopping_generation_info_button").click();
    gallery.addEventListener("click", showInfotext);
    gallery.addEventListener("keydown", function(event) {
        if (event.key === "ArrowLeft" || event.key === "ArrowRight") showInfotext();
    });
});

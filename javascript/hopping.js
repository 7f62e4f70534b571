// The tab "Hopping sequence": submit with the host's progress bar, and the plan that follows typing.

// ---- Running -----------------------------------------------------------------------------------

const HOPPING_TASK = "hopping_task_id";

function hoppingShowProgress(id, onEnd, inactivityTimeout) {
    requestProgress(
        id,
        gradioApp().getElementById("hopping_gallery_container"),
        gradioApp().getElementById("hopping_gallery"),
        function() {
            showSubmitButtons("hopping", true);
            onEnd();
        },
        null,
        inactivityTimeout
    );
}

function hoppingSubmit() {
    showSubmitButtons("hopping", false);
    const id = randomId();
    localSet(HOPPING_TASK, id);
    hoppingShowProgress(id, function() {
        localRemove(HOPPING_TASK);
        showRestoreProgressButton("hopping", false);
    });
    const values = Array.from(arguments);
    // Gradio hands in the outputs too; the gallery of the last run need not travel back.
    const gallery = values.length - 4;
    if (Array.isArray(values[gallery])) values[gallery] = null;
    values[0] = id;
    return values;
}

function hoppingRestoreProgress() {
    showRestoreProgressButton("hopping", false);
    const id = localGet(HOPPING_TASK);
    if (id) {
        showSubmitInterruptingPlaceholder("hopping");
        hoppingShowProgress(id, () => localRemove(HOPPING_TASK), 0);
    }
    return id;
}

// ---- The live plan -----------------------------------------------------------------------------

// One request at a time: while one is under way, changes wait for its answer, so that a slow
// answer never overtakes a quick one, and typing waits for neither.
const hoppingPlan = {
    pause: 300, // ms without a change before the plan is asked for
    patience: 10000, // ms after which an answer counts as lost
    serial: 0,
    answered: 0,
    askedAt: 0,
    timer: null,
};

function hoppingPlanSoon() {
    clearTimeout(hoppingPlan.timer);
    hoppingPlan.timer = setTimeout(hoppingAskPlan, hoppingPlan.pause);
    return [];
}

function hoppingAskPlan() {
    const waiting = hoppingPlan.answered < hoppingPlan.serial;
    if (waiting && Date.now() - hoppingPlan.askedAt < hoppingPlan.patience) {
        hoppingPlanSoon();
        return;
    }
    hoppingPlan.serial += 1;
    hoppingPlan.askedAt = Date.now();
    gradioApp().getElementById("hopping_plan").classList.add("hopping-stale");
    gradioApp().getElementById("hopping_plan_button").click();
}

function hoppingPlanArguments() {
    const values = Array.from(arguments);
    values[0] = String(hoppingPlan.serial);
    return values;
}

function hoppingWatchPlan(panel) {
    new MutationObserver(function() {
        const shown = panel.querySelector(".hopping-plan");
        if (!shown) return;
        hoppingPlan.answered = Math.max(hoppingPlan.answered, Number(shown.dataset.serial));
        if (hoppingPlan.answered >= hoppingPlan.serial) panel.classList.remove("hopping-stale");
    }).observe(panel, {childList: true, subtree: true});
    panel.addEventListener("click", function(event) {
        const place = event.target.closest("[data-line]");
        if (place) hoppingGoTo(Number(place.dataset.line), Number(place.dataset.column || 1));
    });
}

function hoppingGoTo(line, column) {
    const editor = gradioApp().querySelector("#hopping_prompt textarea");
    const lines = editor.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    editor.focus();
    editor.setSelectionRange(start + column - 1, start + (lines[line - 1] || "").length);
}

// ---- What the host calls by name ---------------------------------------------------------------

function switch_to_hopping() {
    const pages = Array.from(gradioApp().querySelectorAll("#tabs > .tabitem"));
    const index = pages.findIndex((page) => page.id === "tab_hopping");
    gradioApp().querySelectorAll("#tabs > .tab-nav > button")[index]?.click();
    return Array.from(arguments);
}

function recalculate_prompts_hopping() {
    hoppingPlanSoon();
    return Array.from(arguments);
}

onUiLoaded(function() {
    const panel = gradioApp().getElementById("hopping_plan");
    if (!panel) return; // the settings hide the tab
    hoppingWatchPlan(panel);
    showRestoreProgressButton("hopping", localGet(HOPPING_TASK));
    const gallery = gradioApp().getElementById("hopping_gallery");
    const showInfotext = () => gradioApp().getElementById("hopping_generation_info_button").click();
    gallery.addEventListener("click", showInfotext);
    gallery.addEventListener("keydown", function(event) {
        if (event.key === "ArrowLeft" || event.key === "ArrowRight") showInfotext();
    });
    hoppingPlanSoon();
});

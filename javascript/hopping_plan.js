// The plan that follows typing, in every page that has a story editor.

// One request at a time: while one is under way, changes wait for its answer, so that a slow
// answer never overtakes a quick one, and typing waits for neither.
const hoppingPlan = {
    pause: 300, // ms without a change before the plan is asked for
    patience: 10000, // ms after which an answer counts as lost
    serial: 0,
    answered: 0,
    askedAt: 0,
    timer: null,
    lost: null,
    scrolled: 0, // how far down the plan is read
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
    // A page that is still being built may miss the click.
    clearTimeout(hoppingPlan.lost);
    hoppingPlan.lost = setTimeout(function() {
        if (hoppingPlan.answered < hoppingPlan.serial) hoppingAskPlan();
    }, hoppingPlan.patience);
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
        const box = shown.querySelector(".hopping-plan-scroll");
        if (box) box.scrollTop = hoppingPlan.scrolled;
        hoppingPlan.answered = Math.max(hoppingPlan.answered, Number(shown.dataset.serial));
        if (hoppingPlan.answered >= hoppingPlan.serial) panel.classList.remove("hopping-stale");
    }).observe(panel, {childList: true, subtree: true});
    panel.addEventListener("scroll", function(event) {
        hoppingPlan.scrolled = event.target.scrollTop;
    }, true); // it does not bubble
    panel.addEventListener("click", function(event) {
        const jump = event.target.closest("[data-frame]");
        const place = event.target.closest("[data-line]");
        if (jump) hoppingShowFrame(panel, Number(jump.dataset.frame));
        else if (place) hoppingGoTo(Number(place.dataset.line), Number(place.dataset.column || 1));
    });
}

function hoppingShowFrame(panel, number) {
    const frame = panel.querySelectorAll(".hopping-frame")[number - 1];
    const box = frame.closest(".hopping-plan-scroll");
    box.scrollTop += frame.getBoundingClientRect().top - box.getBoundingClientRect().top;
    frame.tabIndex = -1;
    frame.focus({preventScroll: true});
}

function hoppingGoTo(line, column) {
    const editor = gradioApp().querySelector("#hopping_prompt textarea");
    const lines = editor.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    editor.focus();
    editor.setSelectionRange(start + column - 1, start + (lines[line - 1] || "").length);
}

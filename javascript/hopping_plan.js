// The plan that follows typing, in every page that has a story editor.

// One question is in flight at a time: while it is, changes wait for its answer, however slow that
// is, so that none overtakes another. A question without an answer is asked again under the same
// number, after pauses that grow.
const hoppingPlan = {
    pause: 300, // ms without a change before the plan is asked for
    missed: 1000, // ms after which a click counts as missed: the page may still be being built
    patience: 30000, // ms after which a question that was sent counts as lost
    serial: 0, // number of the latest question
    answered: 0, // and of the latest answer
    changed: false, // whether something has changed since the latest question
    timer: null,
    again: null,
    scrolled: 0, // how far down the plan is read
};

function hoppingPlanSoon() {
    clearTimeout(hoppingPlan.timer);
    hoppingPlan.timer = setTimeout(function() {
        gradioApp().getElementById("hopping_plan").classList.add("hopping-stale");
        hoppingPlan.changed = true;
        hoppingNextPlan();
    }, hoppingPlan.pause);
    return [];
}

function hoppingNextPlan() {
    if (!hoppingPlan.changed || hoppingPlan.answered < hoppingPlan.serial) return;
    hoppingPlan.changed = false;
    hoppingPlan.serial += 1;
    hoppingAskPlan(hoppingPlan.missed, hoppingPlan.patience);
}

function hoppingAskPlan(missed, patience) {
    hoppingAskAgain(missed, () => hoppingAskPlan(2 * missed, patience));
    hoppingPlan.taken = function() {
        hoppingAskAgain(patience, () => hoppingAskPlan(hoppingPlan.missed, 2 * patience));
    };
    gradioApp().getElementById("hopping_plan_button").click();
}

function hoppingAskAgain(pause, ask) {
    clearTimeout(hoppingPlan.again);
    hoppingPlan.again = setTimeout(ask, pause);
}

// Called by gradio when it sends the question.
function hoppingPlanArguments() {
    hoppingPlan.taken();
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
        const serial = Number(shown.dataset.serial);
        if (serial < hoppingPlan.answered) hoppingPlanSoon(); // one that was lost came after all
        hoppingPlan.answered = Math.max(hoppingPlan.answered, serial);
        if (hoppingPlan.answered < hoppingPlan.serial) return;
        clearTimeout(hoppingPlan.again);
        panel.classList.toggle("hopping-stale", hoppingPlan.changed);
        setTimeout(hoppingNextPlan, 100); // gradio is not done with this one before
    // Newest gradio changes what is there where it can.
    }).observe(panel, {childList: true, subtree: true, attributeFilter: ["data-serial"]});
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

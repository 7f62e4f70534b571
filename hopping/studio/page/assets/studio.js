// The studio's page: what its events need of the browser. The plan's part is hopping_plan.js.

function gradioApp() {
    return document;
}

// ---- Running -----------------------------------------------------------------------------------

const studioRun = {token: ""};

function studioGenerate() {
    const values = Array.from(arguments);
    studioRun.token = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
    values[0] = studioRun.token;
    return values;
}

function studioCancel() {
    return [studioRun.token];
}

// ---- Beginning ---------------------------------------------------------------------------------

function studioBegin() {
    const panel = document.getElementById("hopping_plan");
    const editor = document.querySelector("#hopping_prompt textarea");
    if (!panel || !editor) return false;
    hoppingWatchPlan(panel);
    document.addEventListener("keydown", studioKeys);
    hoppingPlanSoon();
    return true;
}

function studioKeys(event) {
    if (event.key === "Enter" && event.ctrlKey) {
        event.preventDefault();
        document.getElementById("studio_generate").click();
    } else if (event.key === "Escape") {
        document.getElementById("studio_cancel").click();
    }
}

document.addEventListener("DOMContentLoaded", function() {
    document.documentElement.lang = "en";
    // Gradio builds the page in its own time.
    const watch = new MutationObserver(() => studioBegin() && watch.disconnect());
    watch.observe(document.body, {childList: true, subtree: true});
});

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

// ---- Opening a file ----------------------------------------------------------------------------

const studioFile = {payload: "", most: 64 * 1024 * 1024};

function studioPayload() {
    return [studioFile.payload];
}

async function studioOpen(file) {
    // One byte over the limit is enough to be refused, with the server's own reason.
    const bytes = new Uint8Array(await file.slice(0, studioFile.most + 1).arrayBuffer());
    let letters = "";
    for (let at = 0; at < bytes.length; at += 32768) {
        letters += String.fromCharCode(...bytes.subarray(at, at + 32768));
    }
    studioFile.payload = btoa(letters);
    document.getElementById("studio_take").click();
}

function studioWatchFiles() {
    const input = document.getElementById("studio_file");
    input.addEventListener("change", function() {
        if (input.files.length) studioOpen(input.files[0]);
        input.value = ""; // the same file again is a change, too
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", function(event) {
        if (!event.dataTransfer.files.length) return;
        event.preventDefault();
        studioOpen(event.dataTransfer.files[0]);
    });
}

// ---- Beginning ---------------------------------------------------------------------------------

function studioBegin() {
    const panel = document.getElementById("hopping_plan");
    const editor = document.querySelector("#hopping_prompt textarea");
    if (!panel || !editor || !document.getElementById("studio_file")) return false;
    hoppingWatchPlan(panel);
    studioWatchFiles();
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

// The studio's page: what its events need of the browser. The plan's part is hopping_plan.js.

function gradioApp() {
    return document;
}

// ---- Running -----------------------------------------------------------------------------------

// Each token names something that this page has asked for: its story, and its strip.
// Cancel ends both. `run` is the folder of the pictures on the desk, `begun` the desk as it was when a
// run was begun that has no folder yet; `only` and `anew` are what Generate is to be told beside. `asked`
// is the token that the server was asked for last.
const studioRun = {
    token: "", run: "", strip: "", begun: null, only: [], anew: false, silent: false, asked: "",
};

function studioNewToken() {
    const numbers = crypto.getRandomValues(new Uint32Array(4));
    return Array.from(numbers, (number) => number.toString(36)).join("-");
}

function studioGenerate() {
    const values = Array.from(arguments);
    deskShow(); // all that was typed is on the desk
    const {story, was} = studioDesk;
    values[0] = studioRun.token = studioRun.asked;
    values[1] = deskTold(studioRun.only, studioRun.anew);
    values[2] = story;
    Object.assign(studioRun, {begun: {story, was}, only: [], anew: false});
    studioKeep();
    // In one column, the results are far below.
    if (window.innerWidth < 720) {
        document.getElementById("studio_right").scrollIntoView();
    }
    return values;
}

// Which frames Generate would make, asked when nothing has changed for a moment.
function studioAskStock() {
    clearTimeout(studioRun.stock);
    studioRun.stock = setTimeout(() => {
        if (studioRun.run && !studioIsBusy()) document.getElementById("studio_stock_ask").click();
    }, 400);
}

function studioStock() {
    const values = Array.from(arguments);
    [values[0], values[1]] = [deskTold([], false), deskStory().value];
    return values;
}

// Gradio may drop a click while the last one is still being answered.
function studioCheckStock() {
    const told = document.querySelector("#studio_stock .desk-stock");
    if (told && told.dataset.desk !== deskTold([], false)) studioAskStock();
}

function studioTakeStock() {
    const told = document.querySelector("#studio_stock .desk-stock");
    const numbers = told ? told.dataset.changed.split(",").filter(Boolean) : [];
    studioDesk.changed = new Set(numbers.map(Number));
    deskShow();
}

function studioCancel() {
    // What is not there yet cannot be cancelled yet.
    if (studioIsAsking()) setTimeout(() => document.getElementById("studio_cancel").click(), 200);
    return [`${studioRun.token} ${studioRun.strip}`];
}

function studioFollow() {
    studioRun.asked = studioRun.token;
    return [studioRun.token, studioRun.run];
}

function studioIsBusy() {
    return document.querySelector("#studio_progress [data-busy]") !== null;
}

// Whether what was asked last is not answered yet: it may become a story.
function studioIsAsking() {
    return document.querySelector("#studio_answered :is(input, textarea)").value !== studioRun.asked;
}

function studioMustWait() {
    return studioIsBusy() || studioIsAsking();
}

// What the page itself has to say, below its buttons.
function studioSay(text) {
    document.querySelector(".studio-said").textContent = text;
}

// A story at a time: from the press on, since gradio takes its time before it asks.
function studioPressGenerate(event) {
    if (!event.target.closest("#studio_generate")) return;
    if (studioRefuses()) {
        event.preventDefault();
        event.stopImmediatePropagation();
    } else {
        studioRun.asked = studioNewToken();
    }
}

// Whether no story can be begun, and says so.
function studioRefuses() {
    const mustWait = studioMustWait();
    if (mustWait) studioSay("A story is being made. Cancel it, or wait until it is done.");
    return mustWait;
}

// Whether the server is still there, asked while something is being made.
async function studioAskServer() {
    if (!studioMustWait()) return;
    try {
        const answer = await fetch(`hopping/cards/${studioRun.token}?since=${studioCards.made}`);
        const gone = !answer.ok && studioIsBusy();
        if (gone) {
            studioSay("The server was started anew, and has stopped this story. What was made of " +
                "it is in the output folder.");
        } else if (studioRun.silent) {
            studioSay("");
        }
        studioRun.silent = gone;
    } catch {
        studioRun.silent = true;
        studioSay("The server does not answer. What was made is in its output folder; start it " +
            "again, then reload this page.");
    }
}

// ---- The desk through a reload -------------------------------------------------------------------

// The story and its run are kept for as long as the tab is.
function studioKeep() {
    const [{token, run}, {begun, story, was, locked}] = [studioRun, studioDesk];
    const kept = {token, run, begun, story, was, locked: [...locked]};
    sessionStorage.setItem("studio-desk", JSON.stringify(kept));
}

function studioRestore() {
    const kept = JSON.parse(sessionStorage.getItem("studio-desk"));
    if (kept) {
        const {token, run, begun, story, was} = kept;
        Object.assign(studioRun, {token, run});
        Object.assign(studioDesk, {begun, story, was, locked: new Set(kept.locked)});
        if (story !== deskStory().value) deskWrite(story);
        if (token || run) document.getElementById("studio_follow").click();
        if (run) studioOpenRecord(run, story);
    }
    deskShow();
}

// ---- Cards of frames -----------------------------------------------------------------------------

// What of the run on the desk has been fetched; one request at a time.
// more: whether there will be more of it by itself.
const studioCards = {of: "", made: 0, asking: false, more: false};

async function studioFetchCards() {
    const news = document.querySelector("#studio_progress .studio-news");
    if (!news) return;
    const {of, run, made} = news.dataset;
    if (![studioRun.token, studioRun.run].includes(of)) return; // of the run before
    if (run !== studioRun.run) {
        studioRun.run = run;
        deskBegin(studioRun.begun ?? studioDesk);
    }
    studioRun.begun = null;
    if (of !== studioCards.of) Object.assign(studioCards, {of, made: 0, more: false});
    if (studioCards.asking || (Number(made) <= studioCards.made && !studioCards.more)) return;
    studioCards.asking = true;
    let pause = 0;
    try {
        const answer = await fetch(`hopping/cards/${of}?since=${studioCards.made}`);
        const fetched = await answer.json();
        if (of === studioCards.of && run === studioRun.run) {
            fetched.cards.forEach(([number, html]) => deskTake(number, html));
            [studioCards.made, studioCards.more] = [fetched.made, fetched.more];
            if (fetched.cards.length) deskShow();
            pause = fetched.more ? 500 : 0;
        }
    } catch {
        pause = 1000; // until the server is there again
    }
    studioCards.asking = false;
    setTimeout(studioFetchCards, pause); // more may have come meanwhile
}

// ---- One frame at several strengths, or with several seeds --------------------------------------

const studioStrip = {asked: ""};

// The name of the page's next strip, and of the one before, which ends.
function studioNextStrip() {
    const before = studioRun.strip;
    studioRun.strip = studioNewToken();
    return `${studioRun.strip} ${before}`;
}

function studioEndStrip() {
    return [studioRun.strip];
}

function studioStrengths() {
    return [studioNextStrip(), studioStrip.asked];
}

function studioSeeds() {
    const values = Array.from(arguments);
    const [number, texts] = studioStrip.asked;
    values[0] = studioNextStrip();
    [values[1], values[2]] = [deskTold([number], false), JSON.stringify(texts)];
    return values;
}

function studioAskSeeds(index, texts) {
    studioStrip.asked = [index + 1, texts];
    document.getElementById("studio_seeds_ask").click();
    document.getElementById("studio_strip").scrollIntoView({block: "nearest"});
}

function studioAskStrengths(event) {
    const button = event.target.closest(".studio-strengths-button");
    if (!button) return;
    studioStrip.asked = JSON.stringify({run: button.dataset.run, frame: Number(button.dataset.frame)});
    document.getElementById("studio_strengths_ask").click();
    document.getElementById("studio_strip").scrollIntoView({block: "nearest"});
}

function studioFade(event) {
    if (!event.target.matches(".studio-fade")) return;
    const fader = event.target.closest(".studio-fader");
    const pictures = fader.querySelectorAll("img");
    const place = Number(event.target.value) * (pictures.length - 1);
    pictures.forEach(function(picture, index) {
        // Each covers those before it; the next one comes through them as far as the slider is.
        picture.style.opacity = Math.min(1, Math.max(0, place - index + 1));
    });
    fader.querySelector("output").textContent = event.target.value;
}

// ---- Opening a file ----------------------------------------------------------------------------

const studioFile = {payload: "", isShown: false, most: 64 * 1024 * 1024};

function studioPayload() {
    return [studioFile.payload];
}

// A user's: by the button, dropped or pasted.
function studioOpenFile(file) {
    studioDesk.before = deskStory().value;
    studioFile.isShown = true;
    studioOpen(file);
}

// What is said of it comes into sight, wherever the page is.
function studioShowOpened() {
    if (studioFile.isShown) document.getElementById("studio_opened").scrollIntoView({block: "center"});
    studioFile.isShown = false;
    return [];
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
        if (input.files.length) studioOpenFile(input.files[0]);
        input.value = ""; // the same file again is a change, too
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    for (const [kind, brought] of [["drop", "dataTransfer"], ["paste", "clipboardData"]]) {
        document.addEventListener(kind, function(event) {
            const [file] = event[brought].files;
            if (!file) return;
            event.preventDefault();
            studioOpenFile(file);
        });
    }
}

// ---- Beginning ---------------------------------------------------------------------------------

// All that is pressed or watched from here; gradio builds the page in its own time and order.
const studioParts = [
    "#hopping_prompt textarea",
    "#hopping_plan",
    "#hopping_plan_button",
    "#studio_file",
    "#studio_progress",
    "#studio_answered :is(input, textarea)",
    "#studio_generate",
    "#studio_cancel",
    "#studio_follow",
    "#studio_stock",
    "#studio_stock_ask",
    "#studio_seeds_ask",
    "#desk_card",
    "#studio_strengths_ask",
    "#studio_take",
];

function studioBegin() {
    if (!studioParts.every((part) => document.querySelector(part))) return false;
    hoppingPlan.watch();
    studioWatchFiles();
    new MutationObserver(() => {
        if (!studioIsBusy()) {
            studioSay("");
            studioAskStock();
        }
        studioFetchCards();
    }).observe(
        document.getElementById("studio_progress"),
        // Newest gradio changes what is there where it can.
        {childList: true, subtree: true, attributeFilter: ["data-made", "data-of"]}
    );
    document.querySelector("#studio_run").insertAdjacentHTML(
        "beforeend", '<p class="studio-said" role="status"></p>'
    );
    document.addEventListener("click", studioPressGenerate, true);
    setInterval(studioAskServer, 5000);
    setInterval(studioCheckStock, 2000);
    document.addEventListener("keydown", studioKeys);
    document.addEventListener("click", studioAskStrengths);
    document.addEventListener("input", studioFade);
    document.addEventListener("submit", studioTakePages);
    document.addEventListener("input", (event) => {
        if (event.isTrusted) studioEdited.field = event.target; // not the story that follows a card
    });
    // Settings have no plan that would follow them.
    for (const change of ["input", "change"]) {
        document.getElementById("studio_left").addEventListener(change, studioAskStock);
    }
    for (const [place, answer] of [["studio_stock", studioTakeStock], ["hopping_plan", studioAskStock]]) {
        new MutationObserver(answer).observe(
            document.getElementById(place), {childList: true, subtree: true}
        );
    }
    deskWatch();
    studioWatchPast();
    studioRestore();
    hoppingPlan.soon();
    return true;
}

// The field in which something was typed since Generate.
const studioEdited = {field: null};

function studioKeys(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        document.getElementById("studio_generate").click();
        studioEdited.field = null;
    } else if (event.key === "Escape" && !event.isComposing && !studioIsEditing()) {
        document.getElementById("studio_cancel").click();
    }
}

// Escape also ends a choice or an input method's word: there it cancels nothing.
function studioIsEditing() {
    const field = document.activeElement;
    if (field.matches("#hopping_prompt textarea, .desk-words")) return field === studioEdited.field;
    return field.matches("input:not([type=range]), textarea, select, [contenteditable]");
}

// ---- Pages and animations ----------------------------------------------------------------------

// Made on the server as the form says, then saved; what is wrong stands beside the form.
async function studioTakePages(event) {
    const form = event.target.closest(".studio-pages form");
    if (form === null) return;
    event.preventDefault();
    const said = form.querySelector("[role=alert]");
    said.textContent = "";
    const asked = new URLSearchParams(new FormData(form));
    const answer = await fetch(`${event.submitter.formAction}?${asked}`);
    if (!answer.ok) {
        said.textContent = (await answer.json()).detail;
        return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = event.submitter.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
}

document.addEventListener("DOMContentLoaded", function() {
    document.documentElement.lang = "en";
    const watch = new MutationObserver(() => studioBegin() && watch.disconnect());
    watch.observe(document.body, {childList: true, subtree: true});
});

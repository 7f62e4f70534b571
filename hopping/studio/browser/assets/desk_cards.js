// The desk's cards: each is a frame of the story, and whatever is done to one is done to the story's
// text. Its picture is that of the frame which it was when the run on the desk was begun.

// results: what has come of its frames, by number. story: as the cards have it, and was: for each of
// its frames the number that it had in that run, or null. before: the story before the latest change
// by a card.
const studioDesk = {results: new Map(), story: "", was: [], before: null};

function deskStory() {
    return document.querySelector("#hopping_prompt textarea");
}

// As if it were typed: gradio, the plan and the cards follow.
function deskWrite(text) {
    const story = deskStory();
    story.value = text;
    story.dispatchEvent(new Event("input", {bubbles: true}));
}

// A run was begun with the story as it is; pictures stay with their frames until there are newer ones.
function deskBegin() {
    deskFollow();
    const kept = studioDesk.was.map((was, index) => [index + 1, studioDesk.results.get(was)]);
    studioDesk.results = new Map(kept.filter(([, result]) => result));
    studioDesk.was = kept.map(([number]) => number);
    deskShow();
}

function deskClear() {
    Object.assign(studioDesk, {results: new Map(), story: "", was: [], before: null});
}

// The story has changed: which of its frames was which.
function deskFollow() {
    const story = deskStory().value;
    const matched = storyMatched(studioDesk.story, story);
    const was = matched.map((index) => (index === null ? null : studioDesk.was[index]));
    Object.assign(studioDesk, {story, was});
    studioKeep();
}

// What has come of a frame, as templates/card.html has it.
function deskTake(number, html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const [picture, inside] = holder.content.children;
    const old = studioDesk.results.get(number);
    if (old) {
        // What was opened stays open.
        const folds = [old.inside, inside].map((part) => part.querySelector("details"));
        if (folds.every(Boolean)) folds[1].open = folds[0].open;
    }
    studioDesk.results.set(number, {picture, inside});
}

function deskShow() {
    deskFollow();
    const frames = storyFrames(studioDesk.story);
    const list = document.querySelector("#studio_desk .desk-cards");
    const card = document.getElementById("desk_card").content.firstElementChild;
    while (list.children.length < frames.length) list.append(card.cloneNode(true));
    while (list.children.length > frames.length) list.lastElementChild.remove();
    frames.forEach((frame, index) => {
        deskFill(list.children[index], frame, index, studioDesk.results.get(studioDesk.was[index]));
    });
    document.querySelector("#studio_desk .desk-hint").hidden = frames.length > 0;
    document.getElementById("desk_undo").hidden = studioDesk.before === null;
}

function deskFill(card, frame, index, result) {
    const [number, count] = [index + 1, card.parentElement.children.length];
    const planned = document.querySelectorAll("#hopping_plan .hopping-frame")[index];
    card.dataset.number = number;
    if (planned) card.setAttribute("style", planned.getAttribute("style"));
    card.querySelector(".hopping-number").textContent = number;
    const words = card.querySelector(".desk-words");
    words.setAttribute("aria-label", `Text of frame ${number}`);
    if (words !== document.activeElement) words.value = storyWords(frame.text);
    const seed = frame.seed ?? result?.picture.dataset.seed;
    card.querySelector(".desk-seed").textContent = seed === undefined ? "" : `seed ${seed}`;
    card.querySelector(".desk-state").textContent = result ? "" : "no picture yet";
    deskPut(card.querySelector(".desk-picture"), result?.picture);
    deskPut(card.querySelector(".desk-inside"), result?.inside);
    deskPut(card.querySelector(".desk-who"), planned?.querySelector(".hopping-who")?.cloneNode(true));
    const names = {
        earlier: `Move frame ${number} up`, later: `Move frame ${number} down`,
        duplicate: `Duplicate frame ${number}`, delete: `Delete frame ${number}`,
        look: `All later frames take their look from frame ${number}`,
    };
    for (const [what, name] of Object.entries(names)) {
        card.querySelector(`[data-do="${what}"]`).setAttribute("aria-label", name);
    }
    card.querySelector(".desk-more summary").setAttribute("aria-label", `More for frame ${number}`);
    card.querySelector('[data-do="earlier"]').disabled = index === 0;
    for (const what of ["later", "look"]) {
        card.querySelector(`[data-do="${what}"]`).disabled = number === count;
    }
}

// The only child of a place; what is there already keeps its focus and its scrolling.
function deskPut(place, part) {
    if (!part) place.replaceChildren();
    else if (!place.firstElementChild?.isEqualNode(part)) place.replaceChildren(part);
}

// ---- What a card does ---------------------------------------------------------------------------

function deskChange(text) {
    studioDesk.before = deskStory().value;
    deskWrite(text);
}

// Each is called with the story and the frame's index, and gives the index that has the focus then.
const deskActions = {
    earlier(story, index) {
        deskChange(storyMoved(story, index, index - 1));
        return index - 1;
    },
    later(story, index) {
        deskChange(storyMoved(story, index, index + 1));
        return index + 1;
    },
    duplicate(story, index) {
        deskChange(storyDuplicated(story, index));
        return index + 1;
    },
    look(story, index) {
        deskChange(storyWithLook(story, index));
        return index;
    },
    delete(story, index) {
        deskChange(storyWithout(story, index));
        return index;
    },
};

function deskPress(event) {
    if (event.target.closest("#desk_undo")) {
        const {before} = studioDesk;
        studioDesk.before = null;
        deskWrite(before);
        return;
    }
    const button = event.target.closest("#studio_desk [data-do]");
    if (!button) return;
    const list = button.closest(".desk-cards");
    const index = Number(button.closest(".desk-card").dataset.number) - 1;
    const next = deskActions[button.dataset.do](deskStory().value, index);
    const card = list.children[Math.min(next, list.children.length - 1)];
    button.closest("details")?.removeAttribute("open");
    if (!card) return;
    const same = card.querySelector(`:scope > .desk-top [data-do="${button.dataset.do}"]`);
    (same && !same.disabled ? same : card.querySelector(".desk-words")).focus();
    card.scrollIntoView({block: "nearest"});
}

function deskType(event) {
    const words = event.target;
    if (words === deskStory()) deskShow();
    if (!words.matches(".desk-words")) return;
    const [story, index] = [deskStory().value, Number(words.closest(".desk-card").dataset.number) - 1];
    const text = words.value.replace(/\s*\n\s*/g, " "); // a line is a frame
    const changed = storyWithWords(story, index, text.trim());
    const [was, is] = [story, changed].map(storyFrames);
    // What is no frame, for the moment at least, is not written; left so, it is as it was again.
    if (is.length < was.length) return;
    deskWrite(changed);
    // A comment, a separator or a seed was typed.
    if (storyWords(is[index].text) !== text.trim()) words.value = storyWords(is[index].text);
    else if (text !== words.value) words.value = text;
}

function deskWatch() {
    document.addEventListener("click", deskPress);
    document.addEventListener("input", deskType);
    document.addEventListener("focusout", (event) => {
        if (event.target.matches(".desk-words")) setTimeout(deskShow);
    });
    document.addEventListener("keydown", (event) => {
        const plain = !event.ctrlKey && !event.metaKey && !event.isComposing;
        if (event.key === "Enter" && plain && event.target.matches(".desk-words")) {
            event.preventDefault();
        }
    });
    // A plan comes after every change of the story, whoever made it.
    new MutationObserver(deskShow).observe(
        document.getElementById("hopping_plan"), {childList: true, subtree: true}
    );
}

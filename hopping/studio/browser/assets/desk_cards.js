// The desk's cards: each is a frame of the story, and whatever is done to one is done to the story's
// text. Its picture is that of the frame which it was when the run on the desk was begun.

// results: what has come of its frames, by number. begun: the story as that run has it; story: as the
// cards have it, and was: for each of its frames the number that it had in that run, or null. before: the
// story before the latest change that was not typed. locked: numbers in the run of pictures that stay.
// changed: the frames whose pictures are not as the story is now.
const studioDesk = {
    results: new Map(), begun: "", story: "", was: [], before: null, locked: new Set(), changed: new Set(),
};

function deskStory() {
    return document.querySelector("#hopping_prompt textarea");
}

// As if it were typed: gradio, the plan and the cards follow.
function deskWrite(text) {
    const story = deskStory();
    story.value = text;
    story.dispatchEvent(new Event("input", {bubbles: true}));
}

// A run was begun: with `story`, whose frames had the numbers `was` in the run before. Pictures stay
// with their frames until there are newer ones.
function deskBegin({story, was}) {
    const {results, locked} = studioDesk;
    const now = [...was.entries()].map(([index, number]) => [index + 1, number]);
    Object.assign(studioDesk, {
        begun: story,
        story,
        was: now.map(([number]) => number),
        results: new Map(
            now.filter(([, old]) => results.has(old)).map(([number, old]) => [number, results.get(old)])
        ),
        locked: new Set(now.filter(([, old]) => locked.has(old)).map(([number]) => number)),
    });
    deskShow();
}

// What the server is to know of the desk. only: the numbers of the frames that are made; none for all.
function deskTold(only, anew) {
    const {was, locked} = studioDesk;
    const held = was.flatMap((number, index) => (locked.has(number) ? [index + 1] : []));
    return JSON.stringify({run: studioRun.run, was, locked: held, only, anew});
}

function deskClear() {
    Object.assign(studioDesk, {results: new Map(), begun: "", story: "", was: [], before: null});
    studioDesk.locked.clear();
}

// The story has changed: which of its frames was which.
function deskFollow() {
    const story = deskStory().value;
    const was = story === studioDesk.begun // again, however it came there
        ? storyFrames(story).map((_, index) => index + 1)
        : storyMatched(studioDesk.story, story).map((index) => studioDesk.was[index] ?? null);
    Object.assign(studioDesk, {story, was});
    studioKeep();
}

// What has come of a frame, as templates/card.html has it.
function deskTake(number, html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    let [picture, inside] = holder.content.children;
    const old = studioDesk.results.get(number);
    if (old) {
        // What was opened stays open, and what is the same stays where it is.
        inside.querySelector("details").open = old.inside.querySelector("details").open;
        if (old.inside.isEqualNode(inside)) inside = old.inside;
        if (old.picture.isEqualNode(picture)) picture = old.picture;
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
    const {before} = studioDesk;
    document.getElementById("desk_undo").hidden = !before || before === studioDesk.story;
    document.getElementById("desk_anew").hidden = studioDesk.results.size === 0;
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
    const locked = Boolean(result) && studioDesk.locked.has(studioDesk.was[index]);
    const changed = studioDesk.changed.has(number) ? "changed" : "";
    card.dataset.state = !result ? "missing" : locked ? "locked" : changed;
    card.querySelector(".desk-state").textContent = !result ? "no picture yet" : card.dataset.state;
    const waiting = frame.picture !== null && (!result || changed);
    if (waiting) card.querySelector(".desk-state").textContent = "your picture";
    deskPut(card.querySelector(".desk-picture"), waiting ? givenPicture(frame.picture) : result?.picture);
    deskPut(card.querySelector(".desk-inside"), result?.inside);
    deskPut(card.querySelector(".desk-who"), planned?.querySelector(".hopping-who")?.cloneNode(true));
    const names = {
        earlier: `Move frame ${number} up`, later: `Move frame ${number} down`,
        duplicate: `Duplicate frame ${number}`, delete: `Delete frame ${number}`,
        look: `All later frames take their look from frame ${number}`,
        picture: `A picture of your own for frame ${number}`,
        unpicture: `Make frame ${number} instead of your picture`,
        again: `Make frame ${number} again, with the next seed`,
        seeds: `Frame ${number} with other seeds`,
        lock: `Lock frame ${number}: its picture stays`,
    };
    for (const [what, name] of Object.entries(names)) {
        card.querySelector(`[data-do="${what}"]`).setAttribute("aria-label", name);
    }
    card.querySelector(".desk-more summary").setAttribute("aria-label", `More for frame ${number}`);
    card.querySelector('[data-do="lock"]').setAttribute("aria-pressed", locked);
    card.querySelector('[data-do="lock"]').disabled = !result;
    for (const what of ["again", "seeds"]) {
        card.querySelector(`[data-do="${what}"]`).disabled = !result || locked || frame.picture !== null;
    }
    card.querySelector('[data-do="unpicture"]').hidden = frame.picture === null;
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
    picture(story, index) {
        givenChoose(index);
        return index;
    },
    unpicture(story, index) {
        deskChange(storyWithTags(story, index, {picture: null}));
        return index;
    },
    delete(story, index) {
        deskChange(storyWithout(story, index));
        return index;
    },
    again(story, index) {
        deskTakeSeed(index, deskSeeds(index, 1)[0]);
        return index;
    },
    seeds(story, index) {
        studioAskSeeds(index, deskSeeds(index, 4).map((seed) => storyWithTags(story, index, {seed})));
        return index;
    },
    lock(story, index) {
        const {was, locked} = studioDesk;
        if (!locked.delete(was[index])) locked.add(was[index]);
        deskShow();
        studioAskStock();
        return index;
    },
};

// The seeds that follow a frame's own.
function deskSeeds(index, count) {
    const own = storyFrames(studioDesk.story)[index].seed;
    const seed = own ?? studioDesk.results.get(studioDesk.was[index]).picture.dataset.seed;
    return Array.from({length: count}, (_, more) => String(BigInt(seed) + BigInt(more + 1)));
}

// The frame is made with this seed, it alone.
function deskTakeSeed(index, seed) {
    if (studioRefuses()) return;
    deskChange(storyWithTags(deskStory().value, index, {seed}));
    studioRun.only = [index + 1];
    document.getElementById("studio_generate").click();
}

function deskPress(event) {
    if (event.target.closest("#desk_undo")) {
        const {before} = studioDesk;
        studioDesk.before = null;
        deskWrite(before);
        return;
    }
    if (event.target.closest("#desk_anew")) {
        if (studioRefuses()) return;
        studioRun.anew = true;
        document.getElementById("studio_generate").click();
        return;
    }
    const take = event.target.closest("[data-take]");
    if (take) deskTakeSeed(Number(take.dataset.frame) - 1, take.dataset.take);
    const button = event.target.closest("#studio_desk [data-do]");
    if (!button) return;
    const list = button.closest(".desk-cards");
    const index = Number(button.closest(".desk-card").dataset.number) - 1;
    const next = deskActions[button.dataset.do](deskStory().value, index);
    const card = list.children[Math.min(next, list.children.length - 1)];
    button.closest("details")?.removeAttribute("open");
    if (!card) return;
    const same = card.querySelector(`:scope > div > [data-do="${button.dataset.do}"]`);
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

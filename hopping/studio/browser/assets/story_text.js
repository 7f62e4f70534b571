// A story's text by its frames: text in, text out. It finds frames where hopping/story.py does, and
// leaves everything else as it was written: casts, comments, blank lines, tags of the host.

const storyTags = {
    separator: /<SEP>/gi,
    comment: /(?<!\\)#/,
    cast: /^\s*<cast:/i,
    // Nothing but tags of the host: they serve all frames and are none.
    networks: /^[\s,]*(?:<(?!(?:from|share|cast|seed|picture):)[\p{L}\p{N}_]+:[^<>]*>[\s,]*)+$/iu,
    from: /<from:([^>]*)>[ \t]?/gi,
    seed: /<seed:\s*(\d+)\s*>[ \t]?/gi,
    picture: /<picture:\s*([^>]*?)\s*>[ \t]?/gi,
};

// For each frame what was written for it: `text`, from `start` to `end` of the story; `line` is from
// where to where its line goes, if it has it for itself; `seed` is a text of digits, or null, and so is
// the name of its `picture`.
function storyFrames(story) {
    const frames = [];
    let offset = 0;
    for (const line of story.split("\n")) {
        const comment = line.search(storyTags.comment);
        const read = comment < 0 ? line : line.slice(0, comment);
        const pieces = storyTags.cast.test(read) ? [] : storyPieces(read);
        const separated = read.search(storyTags.separator) >= 0;
        for (const [from, to] of pieces) {
            const piece = read.slice(from, to);
            const start = offset + from + piece.length - piece.trimStart().length;
            const text = piece.trim();
            const [seed, picture] = [storyTags.seed, storyTags.picture].map(
                (tag) => [...text.matchAll(tag)].pop()?.[1] ?? null
            );
            frames.push({
                text, start, end: start + text.length, seed, picture,
                line: separated ? null : [offset, offset + line.length],
            });
        }
        offset += line.length + 1;
    }
    return frames;
}

// Where the frames of a line stand in it.
function storyPieces(read) {
    const pieces = [];
    let start = 0;
    for (const separator of [...read.matchAll(storyTags.separator), null]) {
        const end = separator ? separator.index : read.length;
        const piece = read.slice(start, end);
        if (piece.trim() && !storyTags.networks.test(piece)) pieces.push([start, end]);
        start = separator ? end + separator[0].length : end;
    }
    return pieces;
}

function storySplice(story, start, end, text) {
    return story.slice(0, start) + text + story.slice(end);
}

// A frame's text without its seed and its picture, as its card shows it, and without its links too.
function storyWords(text) {
    return text.replace(storyTags.seed, "").replace(storyTags.picture, "").trim();
}

function storyPlainWords(text) {
    return storyWords(text).replace(storyTags.from, "").replace(/\s+/g, " ").trim();
}

// ---- Edits: each gives the whole story, with the frame of this index (from 0) changed -----------

function storyWithText(story, index, text) {
    const {start, end} = storyFrames(story)[index];
    return storySplice(story, start, end, text);
}

function storyTagged({seed, picture}, words) {
    const tag = (name, value) => (value === null ? "" : `<${name}:${value}> `);
    return tag("picture", picture) + tag("seed", seed) + words;
}

function storyWithWords(story, index, words) {
    return storyWithText(story, index, storyTagged(storyFrames(story)[index], words));
}

// seed: a whole number, or null for the story's own. picture: a name, or null for one that is made.
function storyWithTags(story, index, tags) {
    const frame = storyFrames(story)[index];
    return storyWithText(story, index, storyTagged({...frame, ...tags}, storyWords(frame.text)));
}

function storyMoved(story, index, to) {
    const frames = storyFrames(story);
    const order = frames.map((_, number) => number);
    order.splice(to, 0, ...order.splice(index, 1));
    const alone = frames.every((frame) => frame.line);
    const places = frames.map((frame) => (alone ? frame.line : [frame.start, frame.end]));
    const written = places.map(([start, end]) => story.slice(start, end));
    for (let place = frames.length - 1; place >= 0; place -= 1) {
        story = storySplice(story, ...places[place], written[order[place]]);
    }
    return storyRelinked(story, (number) => order.indexOf(number));
}

function storyDuplicated(story, index) {
    const {text, end, line} = storyFrames(story)[index];
    story = line
        ? storySplice(story, line[1], line[1], `\n${text}`)
        : storySplice(story, end, end, ` <SEP> ${text}`);
    return storyRelinked(story, (number) => (number > index ? number + 1 : number));
}

function storyWithout(story, index) {
    const frames = storyFrames(story);
    const {start, end, line} = frames[index];
    const joined = (one, other) => one && other && !story.slice(one.end, other.start).includes("\n");
    if (line) {
        const last = line[1] === story.length;
        story = storySplice(story, line[0] - (last && line[0] > 0), line[1] + !last, "");
    } else if (joined(frames[index], frames[index + 1])) {
        story = storySplice(story, start, frames[index + 1].start, "");
    } else {
        story = storySplice(story, joined(frames[index - 1], frames[index])
            ? frames[index - 1].end : start, end, "");
    }
    const moved = (number) => (number > index ? number - 1 : number);
    return storyRelinked(story, (number) => (number === index ? null : moved(number)));
}

// Every later frame takes its look from this one.
function storyWithLook(story, index) {
    for (let later = storyFrames(story).length - 1; later > index; later -= 1) {
        const frame = storyFrames(story)[later];
        const words = storyWords(frame.text).replace(storyTags.from, "");
        story = storyWithText(story, later, storyTagged(frame, `<from:${index + 1}> ${words}`));
    }
    return story;
}

// The frames' links after their numbers have changed. A link to what is gone, or comes no longer
// before its frame, goes.
//
// moved: gives for the index that a frame had the one that it has now; null if it is gone, and what
// is below 0 if there never was one.
function storyRelinked(story, moved) {
    const frames = storyFrames(story);
    for (let index = frames.length - 1; index >= 0; index -= 1) {
        const text = frames[index].text.replace(storyTags.from, (tag, value) => {
            const words = value.split(",").map((word) => storyLink(word.trim(), index, moved));
            const kept = [...new Set(words.filter((word) => word !== null))];
            return kept.length ? tag.replace(value, kept.join(",")) : "";
        });
        if (text !== frames[index].text) story = storyWithText(story, index, text);
    }
    return story;
}

function storyLink(word, index, moved) {
    if (word.toLowerCase() === "prev") return index > 0 ? word : null;
    const now = /^\d+$/.test(word) ? moved(Number(word) - 1) : -1;
    if (now !== null && now < 0) return word; // no frame: an error, which the plan tells
    return now === null || now >= index ? null : String(now + 1);
}

// ---- Which frame was which ----------------------------------------------------------------------

// For each frame of a story the index of the frame that it was before a change, or null: that of the
// same words, else one that is left over, in its turn or in its place. In another story none was any.
function storyMatched(older, story) {
    const [was, is] = [older, story].map(
        (text) => storyFrames(text).map((frame) => storyPlainWords(frame.text))
    );
    const free = new Set(was.keys());
    const take = (found) => (free.delete(found) ? found : null);
    const matched = is.map((words, index) => (was[index] === words ? take(index) : null));
    is.forEach((words, index) => {
        matched[index] ??= take([...free].find((other) => was[other] === words));
    });
    const left = [...matched.keys()].filter((index) => matched[index] === null);
    if (left.length > 1 && left.length === is.length) return matched;
    const others = [...free];
    left.forEach((index, turn) => {
        matched[index] = take(left.length === others.length ? others[turn] : index);
    });
    return matched;
}

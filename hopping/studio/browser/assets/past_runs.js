// The stories in the output folder, and how one comes back onto the desk.

function studioWatchPast() {
    const fold = document.getElementById("studio_past_fold");
    fold.addEventListener("toggle", async () => {
        if (!fold.open) return;
        const list = fold.querySelector(".past-list");
        try {
            list.innerHTML = await (await fetch("hopping/past")).text();
        } catch {
            studioSay("The server does not answer.");
        }
    });
    fold.addEventListener("click", (event) => {
        const button = event.target.closest(".past-run");
        if (button) studioOpenRun(button.dataset.run);
    });
}

// The story, its options and its settings as any other file brings them, then its pictures.
async function studioOpenRun(run) {
    if (studioRefuses()) return;
    const story = await studioOpenRecord(run);
    if (story === null) {
        studioSay("This story is no longer in the output folder.");
        return;
    }
    deskClear();
    Object.assign(studioRun, {token: "", run, begun: null});
    deskChange(story);
    deskBegin({story, was: studioDesk.was});
    document.getElementById("studio_past_fold").open = false;
    document.getElementById("studio_follow").click();
}

// Options and settings of a run, with its story or the one that it has become; gives that, or null.
// Its seed stays random: as long as the run is on the desk, its own is taken.
async function studioOpenRecord(run, story = null) {
    const answer = await fetch(`hopping/runs/${encodeURIComponent(run)}/story.json`);
    if (!answer.ok) return null;
    const record = await answer.json();
    record.story = story ?? record.story;
    record.settings.seed = -1;
    studioOpen(new Blob([JSON.stringify(record)]));
    return record.story;
}

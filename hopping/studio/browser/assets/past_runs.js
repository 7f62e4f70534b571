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
    if (studioIsBusy()) {
        studioSay("A story is being made. Cancel it, or wait until it is done.");
        return;
    }
    const answer = await fetch(`hopping/runs/${encodeURIComponent(run)}/story.json`);
    if (!answer.ok) {
        studioSay("This story is no longer in the output folder.");
        return;
    }
    const record = await answer.blob();
    const {story} = JSON.parse(await record.text());
    deskClear();
    deskWrite(story);
    studioPutOnDesk("", run);
    document.getElementById("studio_past_fold").open = false;
    document.getElementById("studio_follow").click();
    await studioOpen(record);
}

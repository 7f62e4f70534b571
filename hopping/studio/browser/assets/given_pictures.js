// A picture of the user's own in a frame's place: chosen on its card, kept by the server, named in the
// story's text.

function givenAddress(name) {
    return `hopping/pictures/${encodeURIComponent(name)}`;
}

// What stands on a card before its story is made.
function givenPicture(name) {
    const picture = document.createElement("img");
    Object.assign(picture, {className: "desk-given", src: givenAddress(name), alt: "Your picture"});
    return picture;
}

function givenChoose(index) {
    const input = document.createElement("input");
    Object.assign(input, {type: "file", accept: "image/*"});
    input.addEventListener("change", () => input.files.length && givenTake(index, input.files[0]));
    input.click();
}

async function givenTake(index, file) {
    let answer, told;
    try {
        answer = await fetch(givenAddress(file.name), {method: "PUT", body: file});
        told = await answer.json();
    } catch {
        studioSay("The picture did not reach the server. Is it still there?");
        return;
    }
    if (!answer.ok) {
        studioSay(`Your picture was not taken: ${told.detail}.`);
        return;
    }
    studioSay("");
    deskChange(storyWithTags(deskStory().value, index, {picture: told.name}));
}

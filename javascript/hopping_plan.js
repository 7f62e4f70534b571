// The plan that follows typing, wherever a story is written.

// One question is in flight at a time: while it is, changes wait for its answer, however slow that
// is, so that none overtakes another. A question without an answer is asked again under the same
// number, after pauses that grow. While nobody sees the plan, nothing is asked.
class HoppingPlan {
    pause = 300; // ms without a change before the plan is asked for
    missed = 1000; // ms after which a click counts as missed: the page may still be being built
    patience = 30000; // ms after which a question that was sent counts as lost
    serial = 0; // number of the latest question
    answered = 0; // and of the latest answer
    changed = false; // whether something has changed since the latest question
    timer = null;
    again = null;
    scrolled = 0; // how far down the plan is read

    // name begins the ids of its elements, editor selects where the story is written.
    constructor(name, editor) {
        this.name = name;
        this.editor = editor;
    }

    // Over a plan that is folded, each frame's tokens are counted.
    get isSeen() {
        const counts = gradioApp().getElementById(`${this.name}_counts`);
        return [this.panel, counts].some((part) => part && part.offsetParent !== null);
    }

    get panel() {
        return gradioApp().getElementById(`${this.name}_plan`);
    }

    // Something that the plan depends on has changed.
    soon = () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            this.panel.classList.add("hopping-stale");
            this.changed = true;
            this.next();
        }, this.pause);
        return [];
    };

    next() {
        if (!this.isSeen || !this.changed || this.answered < this.serial) return;
        this.changed = false;
        this.serial += 1;
        this.ask(this.missed, this.patience);
    }

    ask(missed, patience) {
        this.askAgain(missed, () => this.ask(2 * missed, patience));
        this.taken = () => this.askAgain(patience, () => this.ask(this.missed, 2 * patience));
        gradioApp().getElementById(`${this.name}_plan_button`).click();
    }

    askAgain(pause, ask) {
        clearTimeout(this.again);
        this.again = setTimeout(ask, pause);
    }

    // Called by gradio when it sends the question.
    question = (...values) => {
        this.taken();
        values[0] = String(this.serial);
        return values;
    };

    watch() {
        const panel = this.panel;
        new MutationObserver(() => this.shown())
            // Newest gradio changes what is there where it can.
            .observe(panel, {childList: true, subtree: true, attributeFilter: ["data-serial"]});
        const sight = new IntersectionObserver(() => this.next()); // it comes into sight
        sight.observe(panel);
        const counts = gradioApp().getElementById(`${this.name}_counts`);
        if (counts) sight.observe(counts);
        panel.addEventListener("scroll", (event) => {
            this.scrolled = event.target.scrollTop;
        }, true); // it does not bubble
        panel.addEventListener("click", (event) => {
            const offer = event.target.closest("[data-converted]");
            if (offer) this.write(offer.dataset.converted);
            const jump = event.target.closest("[data-frame]");
            const place = event.target.closest("[data-line]");
            if (jump) this.showFrame(Number(jump.dataset.frame));
            else if (place) this.goTo(Number(place.dataset.line), Number(place.dataset.column || 1));
        });
    }

    shown() {
        const plan = this.panel.querySelector(".hopping-plan");
        if (!plan) return;
        const box = plan.querySelector(".hopping-plan-scroll");
        if (box) box.scrollTop = this.scrolled;
        const serial = Number(plan.dataset.serial);
        if (serial < this.answered) this.soon(); // one that was lost came after all
        this.answered = Math.max(this.answered, serial);
        if (this.answered < this.serial) return;
        clearTimeout(this.again);
        this.panel.classList.toggle("hopping-stale", this.changed);
        setTimeout(() => this.next(), 100); // gradio is not done with this one before
    }

    // In the story's place, as if it were typed: the browser's own undo brings back what was there.
    write = (text) => {
        const editor = gradioApp().querySelector(this.editor);
        editor.focus();
        editor.select();
        document.execCommand("insertText", false, text);
        return [];
    };

    showFrame(number) {
        const frame = this.panel.querySelectorAll(".hopping-frame")[number - 1];
        const box = frame.closest(".hopping-plan-scroll");
        box.scrollTop += frame.getBoundingClientRect().top - box.getBoundingClientRect().top;
        frame.tabIndex = -1;
        frame.focus({preventScroll: true});
    }

    goTo(line, column) {
        const editor = gradioApp().querySelector(this.editor);
        const lines = editor.value.split("\n");
        const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
        editor.focus();
        editor.setSelectionRange(start + column - 1, start + (lines[line - 1] || "").length);
    }
}

const hoppingPlan = new HoppingPlan("hopping", "#hopping_prompt textarea");

// By their names, as gradio's events call them: that of the page's own editor, and those of the
// accordions, whose stories stand in the WebUI's prompts.
const hoppingPlans = {
    hopping: hoppingPlan,
    hopping_txt2img: new HoppingPlan("hopping_txt2img", "#txt2img_prompt textarea"),
    hopping_img2img: new HoppingPlan("hopping_img2img", "#img2img_prompt textarea"),
};

// Gradio 3 folds by a click alone: here by the keyboard too.
function hoppingUnfoldByKey(folds) {
    folds.forEach(function(fold) {
        const label = fold.querySelector(":scope > .label-wrap");
        // A box in it is reached by itself, and unfolds it.
        if (!label || label.tagName === "BUTTON" || label.querySelector("input")) return;
        label.tabIndex = 0;
        label.setAttribute("role", "button");
        const tell = () => label.setAttribute("aria-expanded", label.classList.contains("open"));
        new MutationObserver(tell).observe(label, {attributes: true, attributeFilter: ["class"]});
        tell();
        label.addEventListener("keydown", function(event) {
            if (event.target !== label || !["Enter", " "].includes(event.key)) return;
            event.preventDefault();
            label.click();
        });
    });
}

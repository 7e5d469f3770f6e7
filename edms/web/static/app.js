// Progressive enhancement: every page works without this file; with it, the keyboard reaches further and uploads show
// what happens to each file.
import { startReview } from "./batch.js";
import { startCheck } from "./check.js";
import { startCompleting } from "./complete.js";
import { startCapture } from "./capture.js";
import { startCopying } from "./copies.js";
import { startFiling } from "./filing.js";
import { startPasskey } from "./passkeys.js";
import { startPhotographs } from "./photographs.js";
import { startRedaction } from "./redaction.js";

document.documentElement.classList.add("scripted");

const batch = document.getElementById("batch");
if (batch) startReview(batch);
const check = document.getElementById("check");
if (check) startCheck(check);

const capture = document.getElementById("capture");
if (capture) {
  const page = startCapture(capture), photographs = document.getElementById("photographs");
  if (photographs) startPhotographs(photographs, page);
}

const filing = document.getElementById("filing");
if (filing) startFiling(filing);

const redaction = document.getElementById("redaction");
if (redaction) startRedaction(redaction);
for (const button of document.querySelectorAll("button[data-copies]")) startCopying(button);
if (window.PublicKeyCredential) for (const form of document.querySelectorAll("form[data-passkey]")) startPasskey(form);

// What takes a moment is fetched when it is opened; without scripts a link leads there.
for (const panel of document.querySelectorAll("details[data-load]")) {
  async function fill() {
    if (!panel.open || panel.dataset.loaded) return;
    panel.dataset.loaded = "yes";
    const place = panel.querySelector("summary + *");
    try {
      const answer = await fetch(panel.dataset.load, { headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      place.replaceWith(...page.body.childNodes);
    } catch { delete panel.dataset.loaded; }
  }
  panel.addEventListener("toggle", fill);
  fill(); // it may have been opened before this ran
}

const facets = document.querySelector(".facets details");
if (facets && matchMedia("(max-width: 52rem)").matches) facets.open = false;

const search = document.querySelector(".quick input[type=search]");
const account = document.querySelector("details.who");
if (search?.dataset.complete) startCompleting(search);

addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && search && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (event.key === "Escape" && account?.open) {
    account.open = false;
    account.querySelector("summary").focus();
  }
});
addEventListener("click", (event) => {
  if (account?.open && !account.contains(event.target)) account.open = false;
});

const every = document.getElementById("every");
if (every) {
  const boxes = [...document.querySelectorAll("#chooser input[name=record]")];
  every.hidden = false;
  every.addEventListener("change", () => { for (const box of boxes) box.checked = every.checked; });
  document.getElementById("chooser").addEventListener("change", () => {
    const chosen = boxes.filter((box) => box.checked).length;
    every.checked = chosen === boxes.length;
    every.indeterminate = chosen > 0 && chosen < boxes.length;
  });
}

// A proposed value goes into its field at one press; saving stays the person's own act.
for (const button of document.querySelectorAll("button[data-fill]")) {
  button.addEventListener("click", () => {
    const field = button.form.elements[button.dataset.fill];
    field.value = button.dataset.value;
    field.focus();
  });
}

// How long what was confirmed can be taken back, in seconds; the server decides, this only tells.
// They are counted from when the page had them: a clock that is wrong here changes nothing.
function countDown() {
  for (const told of document.querySelectorAll("[data-left]")) {
    told.dataset.end ??= performance.now() + 1000 * told.dataset.left;
    const seconds = Math.ceil((told.dataset.end - performance.now()) / 1000);
    told.textContent = seconds > 0 ? told.dataset.told.replace("{}", seconds) : told.dataset.over;
    const button = told.closest("form")?.querySelector("button");
    if (button) button.hidden = seconds <= 0;
  }
}
countDown();
setInterval(countDown, 1000);

// Enter sends the form also from a list, as it does from a field.
document.getElementById("many")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("select, input[type=checkbox]")) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

addEventListener("keydown", (event) => {
  const form = document.querySelector("form.undo");
  if (event.altKey && event.key.toLowerCase() === "z" && form && !document.getElementById("filing")) {
    event.preventDefault();
    form.requestSubmit();
  }
});

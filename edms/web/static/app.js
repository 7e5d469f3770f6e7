// Progressive enhancement: every page works without this file; with it, the keyboard reaches further and uploads show
// what happens to each file.
import { startReview } from "./batch.js";
import { startCapture } from "./capture.js";
import { startFiling } from "./filing.js";

document.documentElement.classList.add("scripted");

const batch = document.getElementById("batch");
if (batch) startReview(batch);

const capture = document.getElementById("capture");
if (capture) startCapture(capture);

const filing = document.getElementById("filing");
if (filing) startFiling(filing);

const facets = document.querySelector(".facets details");
if (facets && matchMedia("(max-width: 52rem)").matches) facets.open = false;

const search = document.querySelector(".quick input[type=search]");
const account = document.querySelector("details.who");

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

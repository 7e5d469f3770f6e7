// Marking areas on a page: drawn with mouse or finger, moved and resized with arrow keys. Each is a form of the page
// that works without this; what the server answers takes the place of what is shown.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.25;
const LEAST = 0.4;

export function startRedaction(section) {
  const main = section.closest("main"), marks = section.querySelector("svg.marks");
  for (const form of section.querySelectorAll("form[data-swap]")) {
    form.addEventListener("submit", (event) => { event.preventDefault(); send(main, form, event.submitter); });
  }
  if (marks) startMarks(section, marks);
}

// The page that the server answers with, in place of this one; when it cannot be had, the form goes as it would have.
async function send(main, form, button) {
  const told = new FormData(form, button), focused = document.activeElement?.closest("[id]")?.id;
  const open = [...main.querySelectorAll("details[open][id]")].map((one) => one.id);
  let text;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(told) });
    if (answer.redirected) history.replaceState(null, "", answer.url);
    text = await answer.text();
  } catch {
    form.submit();
    return;
  }
  const scrolled = main.querySelector(".preview")?.scrollTop ?? 0;
  const found = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  if (!found?.querySelector("#redaction")) { location.reload(); return; }
  main.replaceChildren(...found.childNodes);
  for (const id of open) { const one = document.getElementById(id); if (one?.matches("details")) one.open = true; }
  const preview = main.querySelector(".preview");
  if (preview) preview.scrollTop = scrolled;
  startRedaction(main.querySelector("#redaction"));
  const again = focused && document.getElementById(focused);
  (again?.querySelector("summary, input:not([type=hidden]), textarea, button") ?? main).focus({ preventScroll: true });
}

function startMarks(section, marks) {
  const draw = section.querySelector("#draw"), add = section.querySelector("#add form");
  if (!add) return;
  draw?.addEventListener("click", () => {
    const on = draw.getAttribute("aria-pressed") !== "true";
    draw.setAttribute("aria-pressed", on);
    marks.classList.toggle("drawing", on);
  });
  for (const mark of marks.querySelectorAll("rect")) startMark(section, mark);
  let start = null, shown = null;
  const at = (event) => {
    const box = marks.getBoundingClientRect();
    const share = (value, from, size) => Math.min(100, Math.max(0, ((value - from) / size) * 100));
    return [share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height)];
  };
  marks.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.matches("rect") || (event.pointerType === "touch" && !marks.classList.contains("drawing"))) return;
    event.preventDefault();
    marks.setPointerCapture(event.pointerId);
    start = at(event);
    shown = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    shown.classList.add("new");
    marks.append(shown);
  });
  marks.addEventListener("pointermove", (event) => {
    if (!start) return;
    put(shown, between(start, at(event)));
  });
  const stop = () => { shown?.remove(); start = shown = null; };
  marks.addEventListener("pointercancel", stop);
  marks.addEventListener("pointerup", (event) => {
    if (!start) return;
    const sides = between(start, at(event));
    stop();
    if (sides.right - sides.left < LEAST || sides.bottom - sides.top < LEAST) return;
    fill(add, sides);
    add.requestSubmit(add.querySelector("button[value=add]"));
  });
}

function startMark(section, mark) {
  const row = section.querySelector(`#area-${mark.dataset.index}`), form = row.querySelector("form");
  let moved = false;
  mark.setAttribute("tabindex", "0");
  mark.setAttribute("role", "button");
  mark.setAttribute("aria-label", row.querySelector("summary").textContent);
  const save = (what) => { moved = false; form.requestSubmit(form.querySelector(`button[value=${what}]`)); };
  mark.addEventListener("click", () => { row.open = true; row.scrollIntoView({ block: "nearest" }); mark.focus(); });
  mark.addEventListener("blur", () => { if (moved) save("change"); });
  mark.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) {
      event.preventDefault();
      const sides = read(form), [across, down] = arrow.map((one) => one * STEP);
      if (!event.shiftKey) { sides.left += across; sides.top += down; }
      sides.right += across;
      sides.bottom += down;
      if (sides.left < 0 || sides.top < 0 || sides.right > 100 || sides.bottom > 100 || sides.right - sides.left < LEAST || sides.bottom - sides.top < LEAST) return;
      fill(form, sides);
      put(mark, sides);
      moved = true;
    } else if (event.key === "Enter" && moved) {
      event.preventDefault();
      save("change");
    } else if (event.key === "Delete") {
      event.preventDefault();
      save("remove");
    }
  });
}

function between(first, second) {
  const [left, right] = [first[0], second[0]].sort((a, b) => a - b), [top, bottom] = [first[1], second[1]].sort((a, b) => a - b);
  return { left, top, right, bottom };
}

function put(mark, sides) {
  mark.setAttribute("x", sides.left);
  mark.setAttribute("y", sides.top);
  mark.setAttribute("width", sides.right - sides.left);
  mark.setAttribute("height", sides.bottom - sides.top);
}

function fill(form, sides) {
  for (const [name, value] of Object.entries(sides)) form.elements[name].value = value.toFixed(2);
}

function read(form) {
  return Object.fromEntries(["left", "top", "right", "bottom"].map((name) => [name, Number(form.elements[name].value)]));
}

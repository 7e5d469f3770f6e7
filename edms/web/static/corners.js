// The corners of a page on its photograph: four handles, moved by finger, mouse or arrow keys.
import { outline } from "./photographs.js";

const UNIT = 10000;
const STEP = 50;
const LEAP = 500;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// Resolves to {corners, contrast, by}, or null when nothing is to change.
export function editCorners(dialog, words, shot, address, number) {
  const stage = dialog.querySelector(".stage"), canvas = stage.querySelector("canvas");
  const handles = [...stage.querySelectorAll("button")], light = dialog.querySelector("input[type=checkbox]");
  const shown = dialog.querySelector("img"), note = dialog.querySelector("[role=status]");
  const gone = new AbortController(), on = { signal: gone.signal };
  let corners = shot.corners.map((corner) => [...corner]);
  let by = shot.by;
  dialog.querySelector("h2").textContent = words.corners_of.replace("{number}", number);
  light.checked = shot.contrast;
  shown.hidden = true;
  note.textContent = "";
  canvas.width = shot.canvas?.width ?? 900;
  canvas.height = shot.canvas?.height ?? 1200;

  const draw = () => {
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (shot.canvas) pen.drawImage(shot.canvas, 0, 0);
    outline(pen, corners, canvas);
    for (const [place, handle] of handles.entries()) {
      const [x, y] = corners[place];
      handle.style.left = `${x / 100}%`;
      handle.style.top = `${y / 100}%`;
      const where = words.where.replace("{across}", Math.round(x / 100)).replace("{down}", Math.round(y / 100));
      handle.setAttribute("aria-label", `${words.corner_names[place]}: ${where}`);
    }
  };
  const put = (place, x, y) => {
    corners[place] = [Math.round(Math.min(UNIT, Math.max(0, x))), Math.round(Math.min(UNIT, Math.max(0, y)))];
    by = "person";
    shown.hidden = true;
    draw();
  };
  for (const [place, handle] of handles.entries()) {
    handle.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow) return;
      event.preventDefault();
      const far = event.shiftKey ? LEAP : STEP;
      put(place, corners[place][0] + arrow[0] * far, corners[place][1] + arrow[1] * far);
    }, on);
    handle.addEventListener("pointerdown", (event) => { handle.setPointerCapture(event.pointerId); handle.focus(); event.preventDefault(); }, on);
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = canvas.getBoundingClientRect();
      put(place, ((event.clientX - box.left) / box.width) * UNIT, ((event.clientY - box.top) / box.height) * UNIT);
    }, on);
  }
  const take = (wanted, whose) => { corners = wanted.map((corner) => [...corner]); by = whose; shown.hidden = true; draw(); };
  dialog.querySelector("[data-do=found]").addEventListener("click", () => take(shot.found ?? shot.corners, "program"), on);
  dialog.querySelector("[data-do=whole]").addEventListener("click", () => take([[0, 0], [UNIT, 0], [UNIT, UNIT], [0, UNIT]], "person"), on);
  dialog.querySelector("[data-do=show]").addEventListener("click", () => {
    if (!convex(corners)) { note.textContent = words.bad_corners; return; }
    note.textContent = words.working;
    shown.onload = () => { note.textContent = ""; shown.hidden = false; shown.scrollIntoView({ block: "nearest" }); };
    shown.onerror = () => { note.textContent = words.no_connection; };
    shown.src = `${address}?corners=${corners.flat().join(",")}&turn=${shot.turn}&contrast=${light.checked ? 1 : 0}`;
  }, on);
  light.addEventListener("change", () => { shown.hidden = true; }, on);
  draw();
  dialog.showModal();
  handles[0].focus();
  return new Promise((resolve) => {
    dialog.querySelector("[data-do=done]").addEventListener("click", () => {
      if (!convex(corners)) { note.textContent = words.bad_corners; return; }
      dialog.returnValue = "done";
      dialog.close("done");
    }, on);
    dialog.querySelector("[data-do=cancel]").addEventListener("click", () => dialog.close("cancel"), on);
    dialog.addEventListener("close", () => {
      gone.abort();
      resolve(dialog.returnValue === "done" ? { corners, contrast: light.checked, by } : null);
      dialog.returnValue = "";
    }, { once: true });
  });
}

// Clockwise all the way round: anything else is no page.
function convex(corners) {
  return corners.every((a, place) => {
    const b = corners[(place + 1) % 4], c = corners[(place + 2) % 4];
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) > 0;
  });
}

// Photographed documents: each photograph goes to the server as soon as it is taken, in pieces that survive a break;
// there the page is found in it. What is decided here is the order, and how each page is cut, turned and lit.
import { fieldsOf, listed } from "./capture.js";
import { editCorners } from "./corners.js";
import { Upload, fingerprint } from "./tus.js";

const SHOWN = 1400;
const PAUSES = [1000, 3000, 8000, 20000];
// A name of its own beside the uploads of whole files, so that a photograph is not taken for the file it also was.
const PATH = "photograph";

export function startPhotographs(section, page) {
  const desk = {
    section, page,
    words: JSON.parse(section.dataset.words),
    address: section.dataset.address,
    most: Number(section.dataset.most),
    list: section.querySelector("ol"),
    send: section.querySelector(".sends"),
    button: section.querySelector(".sends button"),
    title: section.querySelector(".sends input"),
    said: section.querySelector("[role=status]"),
    dialog: document.getElementById("corners"),
    shots: [],
    wanted: false,
    line: Promise.resolve(),
  };
  for (const input of section.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => { for (const file of input.files) add(desk, file); input.value = ""; });
  }
  desk.button.addEventListener("click", () => { desk.wanted = true; sendWhenReady(desk); });
  addEventListener("online", () => goOn(desk));
  addEventListener("beforeunload", (event) => { if (desk.shots.some((shot) => shot.state === "sending")) event.preventDefault(); });
  showWaiting(desk);
}

function add(desk, file, place = desk.shots.length) {
  if (desk.shots.length >= desk.most) return say(desk, desk.words.too_many);
  const print = fingerprint(file, PATH);
  if (desk.shots.some((shot) => shot.print === print)) return say(desk, desk.words.twice);
  const shot = newShot({ file, print, name: file.name });
  desk.shots.splice(place, 0, shot);
  render(desk);
  local(file).then((canvas) => { if (canvas && !shot.canvas) { shot.canvas = canvas; render(desk); } });
  upload(desk, shot);
}

function newShot(known) {
  return { id: "", state: "sending", percent: 0, reason: "", corners: null, found: null, turn: 0, contrast: true, by: "program", sure: true, canvas: null, ...known };
}

async function local(blob) {
  try {
    const whole = await createImageBitmap(blob);
    const scale = Math.min(1, SHOWN / Math.max(whole.width, whole.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(whole.width * scale);
    canvas.height = Math.round(whole.height * scale);
    canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
    whole.close();
    return canvas;
  } catch { return null; }
}

function upload(desk, shot) {
  if (shot.file.size > desk.page.limit) return fail(desk, shot, desk.page.words.too_large);
  shot.state = "sending";
  shot.upload ??= new Upload(desk.page.form.dataset.uploads, shot.file, PATH, { ...fieldsOf(desk.page), photograph: "page" }, (change) => heard(desk, shot, change));
  render(desk);
  // One after the other, so that the server knows them in the order taken when the page is opened again.
  desk.line = desk.line.then(() => (desk.shots.includes(shot) ? shot.upload.start() : null));
}

function heard(desk, shot, change) {
  if (change.sent !== undefined) {
    shot.percent = Math.floor((100 * change.sent) / Math.max(shot.file.size, 1));
    state(desk, shot);
  } else if (change.waiting) {
    shot.reason = desk.page.words.retrying;
    state(desk, shot);
  } else if (change.done) {
    shot.id = change.done.place.split("/").at(-1);
    look(desk, shot);
  } else if (change.status === 0 || change.status === 401) {
    shot.state = "offline";
    render(desk);
  } else {
    fail(desk, shot, change.failed === "unreadable" ? desk.page.words.folder : change.failed);
  }
}

// Where the page lies, the server finds; a browser that cannot show the format gets a picture from there as well.
async function look(desk, shot) {
  shot.state = "looking";
  render(desk);
  const answer = await ask(`${desk.address}${shot.id}`);
  if (!answer?.ok) return answer && answer.status < 500 && answer.status !== 401 ? fail(desk, shot, (await reason(answer)) || desk.words.no_picture) : rest(desk, shot);
  const told = await answer.json();
  Object.assign(shot, { found: told.corners, corners: shot.corners ?? told.corners, sure: told.sure });
  if (!shot.canvas) {
    const shown = await ask(`${desk.address}${shot.id}/picture`);
    if (shown?.ok) shot.canvas = await local(await shown.blob());
  }
  shot.state = "ready";
  render(desk);
  sendWhenReady(desk);
}

function rest(desk, shot) {
  shot.state = "offline";
  render(desk);
}

function fail(desk, shot, why) {
  Object.assign(shot, { state: "failed", reason: why });
  render(desk);
}

async function ask(address, options = {}) {
  try { return await fetch(address, { ...options, headers: { Accept: "application/json", ...options.headers } }); } catch { return null; }
}

async function reason(answer) {
  try {
    const told = await answer.json();
    return [told.error, told.mend].filter(Boolean).join(" – ");
  } catch { return ""; }
}

const token = () => ({ "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content });

// Back on line: what rests for want of a connection goes on by itself.
function goOn(desk) {
  for (const shot of desk.shots) if (shot.state === "offline") again(desk, shot);
  if (desk.wanted) sendWhenReady(desk);
}

function again(desk, shot) {
  if (shot.id) look(desk, shot); else upload(desk, shot);
}

async function showWaiting(desk) {
  const answer = await ask(desk.address);
  if (!answer?.ok) return;
  for (const one of (await answer.json()).photographs) {
    const whole = one.offset === one.length;
    const shot = newShot({ id: one.upload, name: one.name, state: whole ? "looking" : "failed", reason: whole ? "" : desk.words.unfinished });
    desk.shots.push(shot);
  }
  render(desk);
  for (const shot of desk.shots.filter((one) => one.id && one.state === "looking")) await look(desk, shot);
}

async function discard(desk, shot) {
  desk.shots = desk.shots.filter((one) => one !== shot);
  render(desk);
  if (shot.upload) await shot.upload.discard();
  else if (shot.id) await ask(`${desk.page.form.dataset.uploads}${shot.id}`, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0", ...token() } });
}

function retake(desk, shot, file) {
  const place = desk.shots.indexOf(shot);
  discard(desk, shot);
  add(desk, file, place);
}

async function sendWhenReady(desk) {
  const open = desk.shots.some((shot) => shot.state !== "ready");
  desk.button.disabled = desk.wanted;
  if (!desk.wanted || desk.busy || !desk.shots.length) return;
  if (open) {
    const failed = desk.shots.some((shot) => shot.state === "failed");
    if (failed) { desk.wanted = false; desk.button.disabled = false; }
    return say(desk, failed ? desk.words.mend_first : desk.words.sends_soon);
  }
  desk.busy = true;
  const pages = desk.shots.map((shot) => ({ upload: shot.id, corners: shot.corners, turn: shot.turn, contrast: shot.contrast, corners_by: shot.by }));
  const body = JSON.stringify({ pages, title: desk.title.value.trim(), ...fieldsOf(desk.page) });
  let answer = null;
  for (const pause of [...PAUSES, 0]) {
    answer = await ask(desk.address, { method: "POST", body, headers: { "Content-Type": "application/json", ...token() } });
    if ((answer && answer.status < 500 && answer.status !== 423) || !pause) break;
    say(desk, desk.page.words.retrying);
    await new Promise((resolve) => { setTimeout(resolve, pause); });
  }
  desk.busy = desk.wanted = desk.button.disabled = false;
  if (!answer) { desk.wanted = true; return say(desk, desk.words.no_connection); }
  if (answer.status === 401) return say(desk, desk.page.words.ended);
  if (!answer.ok) return say(desk, (await reason(answer)) || String(answer.status));
  const told = await answer.json();
  listed(desk.page, desk.title.value.trim() || desk.words.document, told);
  desk.shots = [];
  desk.title.value = "";
  say(desk, desk.words.sent);
  render(desk);
}

function say(desk, text) {
  desk.said.textContent = text;
}

function render(desk) {
  const focused = document.activeElement?.dataset?.act ? [document.activeElement.dataset.act, document.activeElement.closest("li")?.shot] : null;
  desk.list.replaceChildren(...desk.shots.map((shot, place) => item(desk, shot, place)));
  desk.send.hidden = !desk.shots.length;
  if (focused) {
    const row = [...desk.list.children].find((one) => one.shot === focused[1]);
    const same = row?.querySelector(`[data-act=${focused[0]}]:not(:disabled)`);
    const back = { up: "down", down: "up" }[focused[0]];
    (same ?? row?.querySelector(`[data-act=${back}]:not(:disabled)`) ?? row?.querySelector("button:not(:disabled)") ?? desk.section.querySelector("input"))?.focus();
  }
}

function item(desk, shot, place) {
  const row = document.createElement("li");
  row.shot = shot;
  const number = place + 1;
  row.append(picture(desk, shot, number), stateOf(desk, shot));
  const acts = document.createElement("p");
  acts.className = "acts";
  const words = desk.words;
  acts.append(
    act("crop", words.crop, number, shot.state === "ready", () => edit(desk, shot)),
    act("turn", words.turn, number, shot.state === "ready", () => { shot.turn = (shot.turn + 90) % 360; render(desk); }),
    act("up", words.up, number, place > 0, () => move(desk, place, -1)),
    act("down", words.down, number, place < desk.shots.length - 1, () => move(desk, place, 1)),
  );
  if (shot.state === "offline") acts.append(act("again", desk.page.words.again, number, true, () => again(desk, shot)));
  acts.append(retaking(desk, shot, number), act("remove", words.remove, number, true, () => discard(desk, shot)));
  row.append(acts);
  return row;
}

function move(desk, place, step) {
  const [shot] = desk.shots.splice(place, 1);
  desk.shots.splice(place + step, 0, shot);
  render(desk);
  say(desk, desk.words.moved.replace("{number}", place + step + 1));
}

function act(name, text, number, possible, does) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.dataset.act = name;
  made.disabled = !possible;
  made.setAttribute("aria-label", `${text}: ${number}`);
  made.addEventListener("click", does);
  return made;
}

function retaking(desk, shot, number) {
  const label = document.createElement("label"), input = document.createElement("input");
  label.className = "button";
  label.textContent = desk.words.retake;
  Object.assign(input, { type: "file", accept: "image/*", className: "over" });
  input.setAttribute("capture", "environment");
  input.setAttribute("aria-label", `${desk.words.retake}: ${number}`);
  input.addEventListener("change", () => { if (input.files[0]) retake(desk, shot, input.files[0]); });
  label.append(input);
  return label;
}

function picture(desk, shot, number) {
  const figure = document.createElement("div");
  figure.className = `shot turn${shot.turn}`;
  const small = document.createElement("canvas");
  small.setAttribute("role", "img");
  small.setAttribute("aria-label", `${desk.words.page} ${number}${shot.turn ? `, ${shot.turn}°` : ""}`);
  if (shot.canvas) {
    const scale = 320 / Math.max(shot.canvas.width, shot.canvas.height);
    small.width = Math.round(shot.canvas.width * scale);
    small.height = Math.round(shot.canvas.height * scale);
    const pen = small.getContext("2d");
    pen.drawImage(shot.canvas, 0, 0, small.width, small.height);
    if (shot.corners) outline(pen, shot.corners, small);
  } else { small.width = 240; small.height = 320; }
  figure.append(small);
  return figure;
}

export function outline(pen, corners, canvas) {
  pen.beginPath();
  for (const [x, y] of corners) pen.lineTo((x * canvas.width) / 10000, (y * canvas.height) / 10000);
  pen.closePath();
  pen.lineWidth = Math.max(2, canvas.width / 160);
  pen.strokeStyle = "#1fd1a5";
  pen.stroke();
}

function stateOf(desk, shot) {
  const line = document.createElement("p");
  line.className = "shot-state";
  shot.line = line;
  state(desk, shot);
  return line;
}

function state(desk, shot) {
  if (!shot.line) return;
  const words = desk.words;
  const number = desk.shots.indexOf(shot) + 1;
  const text = { sending: `${desk.page.words.sending} ${shot.percent} %`, looking: words.looking, offline: words.resting, failed: shot.reason, ready: shot.sure || shot.by === "person" ? words.ready : words.check }[shot.state];
  shot.line.textContent = `${number}. ${text}`;
  shot.line.classList.toggle("warn", shot.state === "failed" || shot.state === "offline" || (shot.state === "ready" && !shot.sure && shot.by !== "person"));
}

async function edit(desk, shot) {
  const changed = await editCorners(desk.dialog, desk.words, shot, `${desk.address}${shot.id}/page`, desk.shots.indexOf(shot) + 1);
  if (changed) Object.assign(shot, changed);
  render(desk);
  [...desk.list.children].find((one) => one.shot === shot)?.querySelector("[data-act=crop]")?.focus();
}

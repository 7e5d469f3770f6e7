// The upload page: files and folders in, each sent in pieces that survive a break; then how far each has come.
import { chosen, dropped } from "./folders.js";
import { Upload, fingerprint, forgetOld, remembered } from "./tus.js";

const AT_ONCE = 3;
const POLL_MS = 1000;
const MOST_POLL_MS = 10000;
const SAID_EVERY_MS = 4000;
// The server takes request lines of up to 4094 bytes, and an id has 36 characters.
const ASKED_AT_ONCE = 90;
const RESTING = new Set(["declared", "quarantined", "awaiting_class", "duplicate", "failed", "left_out"]);
const CAPTURED = new Set(["processing", "awaiting_class", "declared"]);
// Files that systems make for themselves in every folder.
const OF_THE_SYSTEM = new Set([".ds_store", "thumbs.db", "desktop.ini"]);

export function startCapture(form) {
  const page = {
    form,
    words: JSON.parse(form.dataset.words),
    limit: Number(form.dataset.limit),
    most: Number(form.dataset.most),
    panel: document.getElementById("sent"),
    rows: document.querySelector("#sent tbody"),
    tally: document.getElementById("tally"),
    counts: document.getElementById("counts"),
    said: document.getElementById("said"),
    all: document.getElementById("pause-all"),
    waiting: [],
    sending: new Set(),
    items: [],
    pause: POLL_MS,
  };
  for (const row of page.rows.querySelectorAll("tr[data-record]")) {
    page.items.push({ file: { name: row.cells[0].textContent }, record: row.dataset.record, state: "processing", row });
  }
  if (page.items.length) poll(page);
  for (const input of form.querySelectorAll("input[type=file][data-sends]")) {
    input.addEventListener("change", () => { add(page, chosen(input.files)); input.value = ""; });
  }
  const drop = document.getElementById("drop");
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    add(page, await dropped(event.dataTransfer));
  });
  page.all.addEventListener("click", () => pauseAll(page));
  addEventListener("beforeunload", (event) => { if (page.sending.size || page.waiting.length) event.preventDefault(); });
  addEventListener("online", () => goOn(page));
  addEventListener("focus", () => goOn(page));
  forgetOld();
  showUnfinished(page);
  return page;
}

// A document that came another way than as one file: into the list, to see what becomes of it.
export function listed(page, name, { record, outcome, sha256 }) {
  page.panel.hidden = false;
  const item = { file: { name, size: 0 }, path: "", state: "waiting", row: newRow(page, name) };
  page.items.push(item);
  received(page, item, { record, outcome, sha256, same: false, differs: false });
}

export function fieldsOf(page) {
  const fields = new FormData(page.form);
  return { office: fields.get("office"), class: fields.get("class"), level: fields.get("level") };
}

function add(page, found) {
  page.panel.hidden = false;
  for (const [position, { file, path, unread }] of found.entries()) {
    const fields = fieldsOf(page);
    const place = remembered(fingerprint(file, path))?.place;
    const known = place && page.items.find((one) => one.place === place && one.state === "unfinished");
    const item = known ?? { row: newRow(page, path || file.name) };
    Object.assign(item, { file, path, fields, record: null, state: "waiting" });
    if (!known) page.items.push(item);
    if (OF_THE_SYSTEM.has(file.name.toLowerCase())) show(page, item, "left_out");
    else if (unread) show(page, item, "failed", page.words.folder);
    else if (position >= page.most) show(page, item, "failed", page.words.too_many);
    else if (file.size > page.limit) show(page, item, "failed", page.words.too_large);
    else { page.waiting.push(item); show(page, item, "waiting"); }
  }
  pump(page);
}

function newRow(page, name) {
  const row = page.rows.insertRow();
  const first = row.insertCell();
  first.className = "lead";
  first.textContent = name;
  row.insertCell();
  row.insertCell().className = "hash";
  return row;
}

function pump(page) {
  while (page.sending.size < AT_ONCE && page.waiting.length) send(page, page.waiting.shift());
}

async function send(page, item) {
  page.sending.add(item);
  item.upload ??= new Upload(page.form.dataset.uploads, item.file, item.path, item.fields, (change) => heard(page, item, change));
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", `${page.words.sending}: ${item.file.name}`);
  bar.max = Math.max(item.file.size, 1);
  item.state = "sending";
  item.bar = bar;
  item.note = document.createElement("small");
  item.row.cells[1].replaceChildren(bar, " ", item.note, " ", button(page.words.pause, () => pause(page, item), item));
  count(page);
  await item.upload.start();
  page.sending.delete(item);
  pump(page);
  count(page);
}

function heard(page, item, change) {
  // Stopped while it was being begun, it was on the list without this browser knowing its address.
  const twin = page.items.find((one) => one !== item && one.state === "unfinished" && one.place === item.upload?.place);
  if (twin) {
    twin.row.remove();
    page.items = page.items.filter((one) => one !== twin);
  }
  if (change.sent !== undefined) {
    item.bar.value = change.sent;
    item.note.textContent = `${Math.floor((100 * change.sent) / Math.max(item.file.size, 1))} %`;
  } else if (change.waiting) {
    item.note.textContent = page.words.retrying;
  } else if (change.done) {
    received(page, item, change.done);
  } else if (change.status === 401) {
    ended(page, item);
  } else if (change.status === 0) {
    item.state = "offline";
    item.row.cells[1].replaceChildren(button(page.words.offline, () => again(page, item), item));
  } else {
    show(page, item, "failed", change.failed === "unreadable" ? page.words.folder : change.failed);
    item.row.cells[1].append(" ", button(page.words.again, () => { item.upload = null; again(page, item); }, item));
  }
  count(page);
}

function received(page, item, done) {
  item.record = done.record;
  const link = document.createElement("a");
  link.href = page.form.dataset.record.replace("00000000-0000-0000-0000-000000000000", done.record);
  link.textContent = item.path || item.file.name;
  item.row.cells[0].replaceChildren(link);
  item.row.cells[2].textContent = done.sha256;
  if (done.same) {
    const same = document.createElement("small");
    same.className = "good";
    same.textContent = ` ✓ ${page.words.same}`;
    item.row.cells[2].append(same);
  }
  if (done.differs) return show(page, item, "failed", page.words.differs);
  show(page, item, done.outcome === "duplicate" ? "duplicate" : "processing");
  if (!page.polling) poll(page);
}

function ended(page, item) {
  item.state = "ended";
  const link = document.createElement("a");
  link.href = page.form.dataset.signIn;
  link.target = "_blank";
  link.textContent = page.words.ended;
  item.row.cells[1].replaceChildren(link, " ", button(page.words.go_on, () => again(page, item), item));
}

function again(page, item) {
  item.state = "waiting";
  page.waiting.push(item);
  show(page, item, "waiting");
  pump(page);
}

// Back from signing in again, or on line again: what stood still for that goes on by itself.
function goOn(page) {
  for (const item of page.items) if (item.state === "ended" || item.state === "offline") again(page, item);
}

function pause(page, item) {
  item.upload?.stop();
  page.waiting = page.waiting.filter((one) => one !== item);
  show(page, item, "paused");
  item.row.cells[1].append(" ", button(page.words.go_on, () => again(page, item), item), " ", button(page.words.discard, () => discard(page, item), item));
}

function pauseAll(page) {
  const active = [...page.sending, ...page.waiting];
  const paused = page.items.filter((item) => item.state === "paused");
  if (active.length) for (const item of active) pause(page, item);
  else for (const item of paused) again(page, item);
}

async function discard(page, item) {
  if (item.upload) await item.upload.discard();
  else await fetch(item.place, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0", "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content } });
  item.row.remove();
  page.items = page.items.filter((one) => one !== item);
  count(page);
}

// What was begun before this page was opened: the browser may not open files by itself, so the clerk chooses them again.
async function showUnfinished(page) {
  let told;
  try {
    told = await (await fetch(page.form.dataset.uploads, { headers: { Accept: "application/json" } })).json();
  } catch { return; }
  for (const one of told.uploads ?? []) {
    page.panel.hidden = false;
    const item = { file: { name: one.name, size: one.length }, path: one.path, state: "unfinished", place: `${page.form.dataset.uploads}${one.upload}`, row: newRow(page, one.path || one.name) };
    page.items.push(item);
    const done = Math.floor((100 * one.offset) / Math.max(one.length, 1));
    show(page, item, "unfinished", `${done} % · ${page.words.choose_again}`);
    item.row.cells[1].append(" ", button(page.words.discard, () => discard(page, item), item));
  }
}

function button(text, act, item) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", `${text}: ${item.path || item.file.name}`);
  made.addEventListener("click", () => {
    act();
    // The button is gone with what it did; whoever works by keyboard stays in the row.
    if (!made.isConnected) item.row.querySelector("button, a")?.focus();
  });
  return made;
}

function show(page, item, state, detail = "") {
  item.state = state;
  const badge = document.createElement("span");
  badge.className = `state state-${state}`;
  badge.textContent = page.words[state] ?? state;
  item.row.cells[1].replaceChildren(badge, detail ? ` ${detail}` : "");
  count(page);
}

// given = captured + duplicate + quarantined + failed, and what is still under way.
function count(page) {
  const many = { given: 0, captured: 0, duplicate: 0, quarantined: 0, failed: 0, under_way: 0 };
  for (const { state } of page.items) {
    if (state === "left_out") continue;
    many.given += 1;
    if (CAPTURED.has(state)) many.captured += 1;
    else if (state in many) many[state] += 1;
    else many.under_way += 1;
  }
  const resting = page.items.filter((one) => RESTING.has(one.state)).length;
  page.tally.textContent = `${resting} / ${page.items.length}`;
  const parts = ["captured", "duplicate", "quarantined", "failed", "under_way"].filter((name) => many[name] || name === "captured");
  page.counts.textContent = `${page.words.given} ${many.given} = ${parts.map((name) => `${page.words.counted[name]} ${many[name]}`).join(" + ")}`;
  const active = page.sending.size + page.waiting.length;
  page.all.hidden = !active && !page.items.some((item) => item.state === "paused");
  page.all.textContent = active ? page.words.pause_all : page.words.go_on_all;
  say(page, !active);
}

// Read out now and then, and when all has been sent: not at every file.
function say(page, last) {
  if (page.saying && !last) return;
  clearTimeout(page.saying);
  page.saying = setTimeout(() => { page.saying = 0; page.said.textContent = page.counts.textContent; }, last ? 300 : SAID_EVERY_MS);
}

async function poll(page) {
  page.polling = true;
  const open = page.items.filter((item) => item.record && !RESTING.has(item.state)).slice(0, ASKED_AT_ONCE);
  if (!open.length) {
    page.polling = false;
    return;
  }
  try {
    const asked = open.map((item) => item.record).join(",");
    const answer = await fetch(`${page.form.dataset.progress}?records=${asked}`, { headers: { Accept: "application/json" } });
    if (answer.status === 401) {
      page.said.textContent = page.words.ended;
      page.polling = false;
      return;
    }
    const found = new Map((await answer.json()).records.map((one) => [one.record, one]));
    page.pause = Math.min(page.pause * 1.2, MOST_POLL_MS);
    for (const item of open) {
      const one = found.get(item.record);
      if (one && one.state !== item.state) {
        show(page, item, one.state, one.reason);
        page.pause = POLL_MS;
      }
    }
  } catch {
    page.pause = MOST_POLL_MS;
  }
  setTimeout(() => poll(page), page.pause);
}

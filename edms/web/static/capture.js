// Upload one file per request, as the body, so that the server can stream it; then ask how far each has come.
const AT_ONCE = 3;
const POLL_MS = 1000;
const MOST_POLL_MS = 10000;
// The server takes request lines of up to 4094 bytes, and an id has 36 characters.
const ASKED_AT_ONCE = 90;
const RESTING = new Set(["declared", "quarantined", "awaiting_class", "duplicate", "failed"]);

export function startCapture(form) {
  const page = {
    form,
    words: JSON.parse(form.dataset.words),
    limit: Number(form.dataset.limit),
    most: Number(form.dataset.most),
    panel: document.getElementById("sent"),
    rows: document.querySelector("#sent tbody"),
    tally: document.getElementById("tally"),
    waiting: [],
    sending: 0,
    items: [],
    pause: POLL_MS,
  };
  for (const row of page.rows.querySelectorAll("tr[data-record]")) {
    page.items.push({ file: { name: row.cells[0].textContent }, record: row.dataset.record, state: "processing", row });
  }
  if (page.items.length) poll(page);
  const drop = document.getElementById("drop");
  form.querySelector("input[type=file]").addEventListener("change", (event) => {
    add(page, event.target.files);
    event.target.value = "";
  });
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    add(page, event.dataTransfer.files);
  });
  addEventListener("beforeunload", (event) => { if (page.sending || page.waiting.length) event.preventDefault(); });
}

function add(page, files) {
  page.panel.hidden = false;
  for (const [position, file] of [...files].entries()) {
    const item = { file, record: null, state: "sending", row: newRow(page, file.name) };
    page.items.push(item);
    if (position >= page.most) show(page, item, "failed", page.words.too_many);
    else if (file.size > page.limit) show(page, item, "failed", page.words.too_large);
    else page.waiting.push(item);
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
  while (page.sending < AT_ONCE && page.waiting.length) {
    page.sending += 1;
    send(page, page.waiting.shift());
  }
}

function send(page, item) {
  const request = new XMLHttpRequest();
  const fields = new FormData(page.form);
  const query = new URLSearchParams({ office: fields.get("office"), class: fields.get("class"), level: fields.get("level") });
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", page.words.sending);
  item.row.cells[1].replaceChildren(bar);
  request.open("POST", `${page.form.action}?${query}`);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-File-Name", encodeURIComponent(item.file.name));
  request.setRequestHeader("X-CSRFToken", document.querySelector("meta[name=csrf-token]").content);
  request.upload.onprogress = (event) => { bar.max = event.total; bar.value = event.loaded; };
  request.onload = () => received(page, item, request);
  request.onerror = () => unsent(page, item);
  request.onloadend = () => { page.sending -= 1; pump(page); };
  request.send(item.file);
}

function received(page, item, request) {
  if (request.status === 401) return show(page, item, "failed", page.words.ended);
  let answer = {};
  try { answer = JSON.parse(request.responseText); } catch { answer = { error: request.statusText }; }
  if (request.status !== 200 && request.status !== 202) {
    show(page, item, "failed", [answer.error, answer.mend].filter(Boolean).join(" – "));
    return;
  }
  item.record = answer.record;
  const link = document.createElement("a");
  link.href = answer.address;
  link.textContent = item.file.name;
  item.row.cells[0].replaceChildren(link);
  item.row.cells[2].textContent = answer.sha256;
  show(page, item, answer.state);
  if (!page.polling) poll(page);
}

// The connection broke, or the file cannot be read (a folder, a file that has gone): the first can be tried again.
async function unsent(page, item) {
  try {
    await item.file.slice(0, 1).arrayBuffer();
  } catch {
    return show(page, item, "failed", page.words.folder);
  }
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = page.words.offline;
  again.onclick = () => { page.waiting.push(item); pump(page); };
  item.row.cells[1].replaceChildren(again);
}

function show(page, item, state, detail = "") {
  item.state = state;
  const badge = document.createElement("span");
  badge.className = `state state-${state}`;
  badge.textContent = page.words[state] ?? state;
  item.row.cells[1].replaceChildren(badge, detail ? ` ${detail}` : "");
  const done = page.items.filter((one) => RESTING.has(one.state)).length;
  page.tally.textContent = `${done} / ${page.items.length}`;
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
      page.tally.textContent = page.words.ended;
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

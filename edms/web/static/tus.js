// A client of the tus protocol 1.0.0 for the profile in docs/uploads.md: pieces with checksums, resumed after
// whatever happened to the connection, the server or this page.
import { Sha256, hex } from "./sha256.js";

// A piece that breaks off is sent again from its beginning, so on a slow line it had better be small.
const PIECE = 2 * 1024 * 1024;
const MOST_PIECES = 2000;
const WHOLE = 8 * 1024 * 1024;
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000, 30000];
const GIVE_UP = 12;
const KEPT_DAYS = 7;
const STORE = "edms-upload:";

let worker = null;
let asked = 0;
const answers = new Map();

function digested(key, file, start, end) {
  if (!worker) {
    worker = new Worker(new URL("./digests.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => {
      const { resolve, reject } = answers.get(data.id);
      answers.delete(data.id);
      if (data.error) reject(new Unreadable(data.error)); else resolve(data);
    };
  }
  return new Promise((resolve, reject) => {
    answers.set((asked += 1), { resolve, reject });
    worker.postMessage({ id: asked, key, file, start, end });
  });
}

export class Unreadable extends Error {}
class Stopped extends Error {}
class Answered extends Error {
  constructor(status, told) { super(told.error ?? String(status)); this.status = status; this.told = told; }
}

// The names of files stay out of what the browser keeps: somebody else may sit here tomorrow.
export function fingerprint(file, path) {
  const told = JSON.stringify([file.name, path, file.size, file.lastModified]);
  return STORE + hex(new Sha256().update(new TextEncoder().encode(told)).digest());
}

export function remembered(print) {
  try {
    const kept = JSON.parse(localStorage.getItem(print) ?? "null");
    return kept && kept.at > Date.now() - KEPT_DAYS * 86400000 ? kept : null;
  } catch { return null; }
}

export function forgetOld() {
  try {
    for (const print of Object.keys(localStorage)) if (print.startsWith(STORE) && !remembered(print)) localStorage.removeItem(print);
  } catch { /* a browser that keeps nothing resumes nothing after a reload, and that is all */ }
}

function remember(print, kept) {
  try { if (kept) localStorage.setItem(print, JSON.stringify({ ...kept, at: Date.now() })); else localStorage.removeItem(print); } catch { /* as above */ }
}

// A form token ends with its session; a page that is fetched anew has a fresh one.
async function freshToken() {
  const answer = await fetch("/capture", { headers: { Accept: "text/html" } });
  const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("meta[name=csrf-token]");
  if (answer.redirected || !found) return false;
  document.querySelector("meta[name=csrf-token]").content = found.content;
  return true;
}

export class Upload {
  // `told(change)` hears of {sent}, {waiting: milliseconds}, {done: {record, outcome, sha256, same}} and
  // {failed: reason, status}; a status of 401 or 0 can be gone on from with `start`.
  constructor(address, file, path, fields, told) {
    Object.assign(this, { address, file, path, fields, told });
    this.print = fingerprint(file, path);
    const kept = remembered(this.print);
    this.token = kept?.token ?? hex(crypto.getRandomValues(new Uint8Array(16)));
    this.place = kept?.place ?? "";
    this.whole = "";
    this.over = Promise.resolve();
  }

  // Resolves when it is over or was stopped; after a stop it goes on from where it was.
  start() {
    return (this.over = this.over.then(() => this.run()));
  }

  async run() {
    Object.assign(this, { stopped: false, failures: 0, renewed: false, anew: false });
    try {
      while (!(await this.step()));
    } catch (error) {
      if (error instanceof Stopped) return;
      if (error instanceof Unreadable) this.told({ failed: "unreadable", status: -1 });
      else this.told({ failed: [error.told?.error, error.told?.mend].filter(Boolean).join(" – ") || error.message, status: error.status ?? 0 });
    }
  }

  stop() {
    this.stopped = true;
    this.request?.abort();
    this.wake?.();
  }

  async discard() {
    this.stop();
    if (this.place) await this.ask("DELETE", this.place).catch(() => {});
    remember(this.print, null);
  }

  // One try to bring the upload to its end; true when it is over. Faults that pass are waited out.
  async step() {
    try {
      const told = this.place ? await this.ask("HEAD", this.place) : await this.begin();
      await this.send(told);
      return true;
    } catch (error) {
      if (this.stopped) throw new Stopped();
      if (!(error instanceof Answered)) { if (error instanceof Unreadable) throw error; return this.pause(error); }
      if (error.status === 404 && this.place && !this.anew) { this.anew = true; this.place = ""; return false; }
      if (error.status === 400 && !this.renewed) { this.renewed = true; if (await freshToken()) return false; }
      if (error.status === 460 && !this.anew) { this.anew = true; this.place = ""; this.token += "x"; return false; }
      if (error.status === 401 && !this.renewed) { this.renewed = true; if (await freshToken()) return false; }
      if ([0, 409, 423, 500, 502, 503, 504].includes(error.status)) return this.pause(error);
      throw error;
    }
  }

  async pause(error) {
    if ((this.failures += 1) > GIVE_UP) throw error;
    const pause = PAUSES[Math.min(this.failures, PAUSES.length) - 1];
    this.told({ waiting: pause });
    await new Promise((resolve) => { this.wake = resolve; setTimeout(resolve, pause); });
    if (this.stopped) throw new Stopped();
    return false;
  }

  async begin() {
    const { file } = this;
    const told = { filename: file.name, relativePath: this.path, token: this.token, ...this.fields };
    const headers = { "Upload-Length": file.size };
    let body = null;
    if (file.size && file.size <= WHOLE) {
      const piece = await digested(this.print, file, 0, file.size);
      this.whole = told.sha256 = piece.whole;
      body = piece.bytes;
      Object.assign(headers, { "Content-Type": "application/offset+octet-stream", "Upload-Checksum": `sha256 ${piece.digest}` });
    }
    headers["Upload-Metadata"] = Object.entries(told).filter(([, value]) => value).map(([key, value]) => `${key} ${base64(value)}`).join(",");
    if (!body) remember(this.print, { token: this.token });
    const answer = await this.ask("POST", this.address, headers, body, 0);
    this.place = answer.place;
    if (answer.offset < file.size) remember(this.print, { token: this.token, place: this.place });
    return answer;
  }

  async send(told) {
    const { file } = this;
    let { offset } = told;
    const step = Math.max(PIECE, Math.ceil(file.size / MOST_PIECES));
    while (offset < file.size) {
      this.told({ sent: offset });
      const piece = await digested(this.print, file, offset, Math.min(file.size, offset + step));
      if (this.stopped) throw new Stopped();
      const headers = {
        "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream", "Upload-Checksum": `sha256 ${piece.digest}`,
      };
      if (piece.whole) headers["Edms-Sha256"] = this.whole = piece.whole;
      told = await this.ask("PATCH", this.place, headers, piece.bytes, offset);
      offset = told.offset;
      this.failures = 0;
    }
    remember(this.print, null);
    worker?.postMessage({ key: this.print });
    this.told({ done: { place: this.place, ...told, same: Boolean(this.whole) && this.whole === told.sha256, differs: Boolean(this.whole && told.sha256) && this.whole !== told.sha256 } });
  }

  ask(method, address, headers = {}, body = null, base = 0) {
    return new Promise((resolve, reject) => {
      const request = this.request = new XMLHttpRequest();
      request.open(method, address);
      const all = { "Tus-Resumable": "1.0.0", Accept: "application/json", "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content, ...headers };
      for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
      if (body) request.upload.onprogress = (event) => this.told({ sent: base + event.loaded });
      request.onerror = request.onabort = () => reject(new Answered(0, {}));
      request.onload = () => {
        const tell = (name) => request.getResponseHeader(name) ?? "";
        if (request.status >= 200 && request.status < 300) {
          resolve({ place: tell("Location"), offset: Number(tell("Upload-Offset")), record: tell("Edms-Record"), outcome: tell("Edms-Outcome"), sha256: tell("Edms-Sha256") });
          return;
        }
        let told = {};
        try { told = JSON.parse(request.responseText); } catch { /* a proxy answered */ }
        reject(new Answered(request.status, told));
      };
      request.send(body);
    });
  }
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

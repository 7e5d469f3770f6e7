// The filing queue by keyboard: the next document is fetched, its first page with it, while this one is looked at.

export function startFiling(root) {
  const desk = document.getElementById("desk");
  const filed = document.getElementById("filed");
  const keys = document.getElementById("keys");
  const classes = [...document.querySelectorAll("#classes option")].map((one) => ({ code: one.value, text: one.textContent }));
  const address = new URL(root.dataset.desk, location.href);
  let waiting = null;
  let busy = false;
  let zoom = 100;
  const narrow = matchMedia("(max-width: 60rem)");

  const sheet = () => desk.querySelector("#sheet");
  const ask = (url, more = {}) => fetch(url, { ...more, headers: { "X-Part": "1" } });
  const beside = (side, record) => {
    const url = new URL(address);
    url.searchParams.set(side, record);
    return url;
  };
  const grown = (html) => {
    const box = document.createElement("div");
    box.innerHTML = html; // rendered by our own templates, where every value is escaped; its pictures load at once
    return box.querySelector("#sheet");
  };
  const fetched = async (url) => {
    const answer = await ask(url);
    return answer.status === 200 && !answer.redirected ? grown(await answer.text()) : null;
  };
  const preload = () => {
    const record = sheet()?.dataset.record;
    waiting = record ? { after: record, sheet: fetched(beside("after", record)) } : null;
  };

  function show(next, keep = false) {
    desk.replaceChildren(...(next ? [next] : []));
    document.getElementById("nothing").hidden = Boolean(next);
    if (!next) return document.getElementById("nothing").focus();
    history.replaceState(null, "", next.querySelector("form").action);
    prepare(next);
    begin(next);
    if (!keep) preload();
  }

  // On a phone the page comes first: a field in focus would scroll past it and raise the keyboard over it.
  function begin(part) {
    const wrong = part.querySelector("[aria-invalid]");
    const field = wrong ?? part.querySelector("[name=class_code]");
    if (wrong || !narrow.matches) { field.focus(); field.select?.(); }
    else scrollTo(0, 0);
  }

  async function following(record, filedNow) {
    const next = waiting?.after === record ? await waiting.sheet : await fetched(beside("after", record));
    show(next && (next.dataset.record !== record || !filedNow) ? next : null);
  }

  async function guarded(work) {
    if (busy) return;
    busy = true;
    try { await work(); } catch { location.reload(); } finally { busy = false; }
  }

  const save = (form) => guarded(async () => {
    const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
    const html = await answer.text();
    if (answer.status === 422 || answer.status === 409) return show(grown(html), true);
    if (!answer.ok || answer.redirected) return form.submit();
    filed.innerHTML = html;
    await following(sheet().dataset.record, true);
  });

  const takeBack = () => guarded(async () => {
    const form = filed.querySelector("form.undo");
    if (!form) return;
    if (!form.dataset.record) return form.submit(); // several at once: the page tells of each
    const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
    if (!answer.ok || answer.redirected) return form.submit();
    filed.replaceChildren();
    show(grown(await answer.text()));
  });

  const go = (side) => guarded(async () => {
    const record = sheet()?.dataset.record;
    if (!record) return;
    if (side === "after") await following(record, false);
    else show(await fetched(beside(side, record)));
  });

  // With what stands in the form now; what is only proposed for this one goes along, to be looked at once more.
  function alike() {
    const link = sheet()?.querySelector("[data-alike]");
    if (!link) return;
    const url = new URL(link.href);
    for (const name of ["class_code", "level", "record_type", "kip"]) url.searchParams.set(name, sheet().querySelector(`[name=${name}]`).value);
    location.assign(url);
  }

  function turn(step) {
    const preview = sheet()?.querySelector(".preview");
    const pages = [...(preview?.querySelectorAll("figure") ?? [])];
    if (!pages.length) return preview?.scrollBy(0, step * preview.clientHeight * 0.9);
    const top = preview.getBoundingClientRect().top;
    const at = pages.findLastIndex((page) => page.getBoundingClientRect().top - top < 40);
    const wanted = pages[Math.min(Math.max(at + step, 0), pages.length - 1)];
    preview.scrollTop += wanted.getBoundingClientRect().top - top;
  }

  function enlarge(step) {
    zoom = Math.min(250, Math.max(50, zoom + step));
    for (const image of sheet()?.querySelectorAll(".preview img") ?? []) image.style.width = `${zoom}%`;
  }

  // Search as one types over codes and words of titles; what this clerk uses stands first.
  function prepare(part) {
    const input = part.querySelector("[name=class_code]");
    const favourites = part.dataset.favourites.split(" ");
    const list = document.createElement("ul");
    let chosen = -1;
    input.removeAttribute("list");
    list.id = "class-choices";
    list.className = "choices";
    list.setAttribute("role", "listbox");
    list.hidden = true;
    input.closest("label").after(list);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) input.setAttribute(name, value);
    list.setAttribute("aria-label", input.closest("label").querySelector("span").textContent);
    const close = () => { list.hidden = true; chosen = -1; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const take = (item) => { input.value = item.dataset.code; close(); input.focus(); };
    const mark = (at) => {
      chosen = at;
      [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
      list.children[at]?.scrollIntoView({ block: "nearest" });
      if (list.children[at]) input.setAttribute("aria-activedescendant", list.children[at].id);
    };
    const open = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rank = (one) => (favourites.includes(one.code) ? favourites.indexOf(one.code) : one.code.startsWith(words[0] ?? "") ? 100 : 200);
      const fits = (one) => words.every((word) => one.code.startsWith(word) || one.text.toLowerCase().includes(word));
      const found = classes.filter(fits).sort((a, b) => rank(a) - rank(b)).slice(0, 12);
      list.replaceChildren(...found.map((one, index) => {
        const item = document.createElement("li");
        item.id = `choice-${index}`;
        item.setAttribute("role", "option");
        item.dataset.code = one.code;
        item.textContent = one.text;
        item.addEventListener("mousedown", (event) => { event.preventDefault(); take(item); });
        return item;
      }));
      list.hidden = !found.length;
      input.setAttribute("aria-expanded", String(Boolean(found.length)));
      mark(words.length ? 0 : -1);
    };
    input.addEventListener("input", open);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (event.ctrlKey) return;
        event.preventDefault();
        if (list.hidden) return open();
        mark((chosen + (event.key === "ArrowDown" ? 1 : -1) + list.children.length) % list.children.length);
      } else if (event.key === "Enter" && !list.hidden && list.children[chosen] && list.children[chosen].dataset.code !== input.value) {
        event.preventDefault();
        take(list.children[chosen]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        close();
      }
    });
  }

  desk.addEventListener("submit", (event) => { event.preventDefault(); save(event.target); });
  filed.addEventListener("submit", (event) => { event.preventDefault(); takeBack(); });
  desk.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-go]");
    if (link) { event.preventDefault(); go(link.dataset.go); }
    if (event.target.closest("a[data-alike]")) { event.preventDefault(); alike(); }
  });
  const help = () => (keys.open ? keys.close() : keys.showModal());
  document.getElementById("keys-button").addEventListener("click", help);

  addEventListener("keydown", (event) => {
    const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const pressed = event.key.toLowerCase();
    const acts = {
      "alt+n": () => go("after"), "alt+p": () => go("before"), "alt+z": takeBack, "alt+a": alike,
      "alt+q": () => { const list = document.getElementById("queue-list"); list.open = !list.open; list.querySelector("summary").focus(); },
      pagedown: () => turn(1), pageup: () => turn(-1), "ctrl+arrowup": () => enlarge(25), "ctrl+arrowdown": () => enlarge(-25),
      "ctrl+enter": () => sheet() && save(sheet().querySelector("form")),
    };
    const act = acts[`${event.ctrlKey ? "ctrl+" : ""}${event.altKey ? "alt+" : ""}${pressed}`];
    if (keys.open) return;
    if (act) { event.preventDefault(); return act(); }
    if (event.key === "Enter" && writing?.matches("select") && writing.form?.closest("#desk")) { event.preventDefault(); return save(writing.form); }
    if (event.key === "Escape" && writing?.closest("#desk")) return sheet().querySelector(".preview").focus();
    if (writing || event.ctrlKey || event.altKey || event.metaKey) return undefined;
    if (event.key === "?") { event.preventDefault(); return help(); }
    const field = event.target.closest?.("#desk, #nothing") && sheet()?.querySelector(`[data-key="${pressed}"]`);
    if (field) { event.preventDefault(); field.focus(); field.select?.(); }
    return undefined;
  });

  if (sheet()) { prepare(sheet()); begin(sheet()); preload(); }
}

// What the last word in the search box may become: a list below it (WAI-ARIA combobox with a listbox). Without this file
// the box is a box. What is chosen goes into the box; the search itself stays the person's own act.
const PAUSE = 180, LEAST = 2;

export function startCompleting(box) {
  const list = document.createElement("ul"), told = document.createElement("span");
  list.id = "completions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.list);
  told.className = "sr";
  told.setAttribute("role", "status");
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");
  const around = document.createElement("span");
  around.className = "completing";
  box.replaceWith(around);
  around.append(box, list, told);

  let items = [], at = -1, timer = 0, asked = null;

  function close() {
    clearTimeout(timer);
    asked?.abort();
    items = [];
    at = -1;
    list.hidden = true;
    list.replaceChildren();
    told.textContent = "";
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  function move(to) {
    at = to;
    [...list.children].forEach((line, number) => line.setAttribute("aria-selected", String(number === at)));
    if (at < 0) box.removeAttribute("aria-activedescendant");
    else {
      box.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
  }

  function take(number) {
    const text = items[number].text;
    box.value = text.endsWith(":") ? text : `${text} `;
    box.focus();
    close();
    if (text.endsWith(":")) ask();
  }

  function piece(kind, text) {
    const part = document.createElement("span");
    part.className = kind;
    part.textContent = text;
    return part;
  }

  function show(found) {
    const chosen = items[at]?.text;
    items = found;
    list.replaceChildren(...found.map((item, number) => {
      const line = document.createElement("li");
      line.id = `completion-${number}`;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.append(piece("value", item.value), " ", piece("label", item.label), " ", piece("kind", item.kind));
      if (item.count) line.append(" ", piece("count", item.count));
      line.addEventListener("mousedown", (event) => { event.preventDefault(); take(number); });
      return line;
    }));
    list.hidden = !found.length;
    box.setAttribute("aria-expanded", String(found.length > 0));
    move(found.findIndex((item) => item.text === chosen)); // an answer that comes late takes away no choice that it holds
    told.textContent = found.length ? box.dataset.told.replace("{}", found.length) : "";
  }

  async function ask() {
    asked?.abort();
    asked = new AbortController();
    const typed = box.value;
    try {
      const answer = await fetch(`${box.dataset.complete}?q=${encodeURIComponent(typed)}`, { signal: asked.signal });
      if (answer.ok && box.value === typed && document.activeElement === box) show((await answer.json()).items);
    } catch { /* the list is a help: without it the box works */ }
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    // Only the end of what is typed is completed.
    const end = box.selectionStart === box.value.length, last = box.value.split(/\s/).pop();
    if (!end || (last.length < LEAST && !box.value.includes('"'))) return close();
    timer = setTimeout(ask, PAUSE);
  });
  box.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const places = items.length + 1; // one of them is the box itself
      move(((at + 1 + step + places) % places) - 1);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      take(at);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") close();
  });
  box.addEventListener("blur", close);
}

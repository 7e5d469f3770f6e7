// The review of a batch by keyboard and by dragging. Everything here presses a form that is on the page anyway.
export function startReview(root) {
  const thumbs = [...root.querySelectorAll("li[data-page][tabindex]")];
  const named = document.getElementById(location.hash.slice(1));
  (thumbs.includes(named) ? named : thumbs[0])?.focus();

  const press = (within, key) => within?.querySelector(`button[data-key="${key}"]`)?.click();

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const thumb = event.target.closest("li[data-page]");
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const key = event.key.toLowerCase();
    if (thumb && step) {
      event.preventDefault();
      if (event.shiftKey) press(thumb, step < 0 ? "ArrowLeft" : "ArrowRight");
      else thumbs[thumbs.indexOf(thumb) + step]?.focus();
    } else if (thumb && "srmd".includes(key)) press(thumb, key);
    else if ("uc".includes(key)) press(root.querySelector(".actions"), key);
  });

  const mover = document.getElementById("mover");
  let dragged = null;
  root.addEventListener("dragstart", (event) => { dragged = event.target.closest("li[data-page]"); });
  root.addEventListener("dragover", (event) => {
    if (dragged && event.target.closest("li[data-document]")) event.preventDefault();
  });
  root.addEventListener("drop", (event) => {
    const onto = event.target.closest("li[data-document]");
    if (!onto || !dragged || onto === dragged) return;
    event.preventDefault();

    mover.elements.page.value = dragged.dataset.page;
    mover.elements.document.value = onto.dataset.document;
    mover.elements.place.value = onto.dataset.place;
    mover.requestSubmit();
  });
}

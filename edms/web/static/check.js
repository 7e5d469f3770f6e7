// The check of a scan by keyboard. Everything here presses what is on the page anyway.
export function startCheck(root) {
  const pages = [...root.querySelectorAll("figure[id]")];
  let shown = -1;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), select")) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && pages.length) {
      event.preventDefault();
      shown = Math.min(Math.max(shown + step, 0), pages.length - 1);
      pages[shown].scrollIntoView();
      pages[shown].focus({ preventScroll: true });
      return;
    }
    root.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`)?.click();
  });
}

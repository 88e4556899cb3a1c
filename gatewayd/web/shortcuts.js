// A key alone does something, unless one is writing.

// acts: by the key. isCharted(): the digits choose the span of a candle
export function setUpShortcuts(acts, isCharted) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=radio]), select") || document.querySelector("dialog[open]")) return;
    const radio = isCharted() && document.querySelectorAll("#intervals input")[Number(event.key) - 1];
    const act = radio ? () => radio.click() : acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

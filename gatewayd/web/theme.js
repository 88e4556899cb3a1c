// Light or dark: as the system has it, until one is chosen by the button; that is kept.

const NAME = "dataflow.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function kept() {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null; // a browser may forbid it
  }
}

function keep(theme) {
  try {
    localStorage.setItem(NAME, theme);
  } catch {} // it holds for this visit
}

export function setUpTheme(button, onChange) {
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    button.setAttribute("aria-pressed", String(isDark()));
    onChange();
  };
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    keep(theme);
    apply(theme);
  });
  system.addEventListener("change", () => apply(null));
  apply(kept());
}

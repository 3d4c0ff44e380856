// Light or dark: as the system says, until one chooses.

const page = document.documentElement;
const dark = window.matchMedia("(prefers-color-scheme: dark)");

export function applyTheme() {
  const chosen = localStorage.getItem("theme");
  page.dataset.theme = chosen ?? (dark.matches ? "dark" : "light");
}

export function switchTheme() {
  localStorage.setItem("theme", page.dataset.theme === "dark" ? "light" : "dark");
  applyTheme();
}

dark.addEventListener("change", applyTheme);

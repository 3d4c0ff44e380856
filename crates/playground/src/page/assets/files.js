// Files: of each there is its name, its type and its size. Their content stays where it is.

import { element, icon, iconButton } from "./element.js";

/** The files of a message. */
export function fileList(files) {
  return element("ul", { class: "files", "aria-label": "Files" }, files.map((file) => element("li", { class: "file", title: file.mimetype }, icon("file"), ...described(file))));
}

/** Where one adds files to what one writes: `chosen` is filled with them, `changed()` is called after each change. */
export function filePicker(chosen, changed) {
  const list = element("ul", { class: "files", "aria-label": "Files to be sent" });
  const input = element("input", { type: "file", multiple: true, hidden: true, "aria-label": "Files" });
  const show = () => {
    list.hidden = chosen.length === 0;
    list.replaceChildren(...chosen.map((file) => element("li", { class: "file", title: file.mimetype }, icon("file"), ...described(file),
      iconButton("close", `Leave out ${file.name}`, () => { chosen.splice(chosen.indexOf(file), 1); show(); changed(); }))));
  };
  input.addEventListener("change", () => {
    chosen.push(...[...input.files].map(({ name, type, size }) => ({ name, mimetype: type, size })));
    input.value = "";
    show();
    changed();
  });
  const button = iconButton("attach", "Attach files: their names, types and sizes", () => input.click());
  show();
  return { list, input, button, show };
}

function described({ name, size }) {
  return [element("span", { class: "name" }, name), size > 0 && element("span", { class: "size" }, sizeOf(size))];
}

function sizeOf(bytes) {
  const unit = ["B", "kB", "MB", "GB"][Math.min(3, Math.floor(Math.log10(bytes) / 3))];
  const value = bytes / { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit];
  return `${value < 10 && unit !== "B" ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

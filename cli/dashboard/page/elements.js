/** @param {string} id */
export const byId = (id) => document.getElementById(id);

/** Children are elements or text. Text is never parsed as HTML, so a URL or an origin cannot inject markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

/** A table row. Each cell is text, an element, or [text or element, class]. */
export const row = (...cells) =>
  element(
    "tr",
    {},
    ...cells.map((cell) =>
      Array.isArray(cell) ? element("td", { class: cell[1] }, cell[0]) : element("td", {}, cell),
    ),
  );

export const head = (...titles) =>
  element("thead", {}, element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title))));

export const jobLink = (id, label) => element("a", { href: `#job=${id}`, title: `job ${id}` }, label);

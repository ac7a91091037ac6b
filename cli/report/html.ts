/** HTML whose values are escaped where they are put in. */

/** Text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Value = Html | readonly Html[] | string | number | undefined;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
/** Control characters, and what hides or turns around the text beside it. */
const UNSEEN = /(?![\t\n])[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

const codePoint = (character: string): string =>
  `\\u{${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}}`;

/** Text in an element or an attribute. Characters that nobody sees are written as their codes. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(UNSEEN, codePoint)
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

function textOf(value: Value): string {
  if (value === undefined) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(({ text }) => text).join("");
  return escaped(String(value));
}

/** A template: what stands in it is HTML, what is put in is text. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(parts.map((part, index) => part + textOf(values[index])).join(""));

import type { InputProblem } from "../ports/list-items.ts";

const MOST_CHARACTERS_SHOWN = 200;

/** `urls.csv, line 7, sha256: not 64 hexadecimal digits; ...`, and below it the line itself. */
export function describeProblem(name: string, { line, place, field, reason, text }: InputProblem): string {
  const where = place === "argument" ? `argument ${line}` : `${name}, ${place ?? "line"} ${line}`;
  const said = visible(`${where}${field === undefined ? "" : `, ${field}`}: ${reason}`);
  return text === undefined ? said : `${said}\n    ${text}`;
}

/** The text as it may be printed: cut, control characters escaped, credentials hidden. */
export function shown(text: string): string {
  const safe = text.replace(/:\/\/[^/?#\s]*@/g, "://***@");
  return visible(safe.length > MOST_CHARACTERS_SHOWN ? `${safe.slice(0, MOST_CHARACTERS_SHOWN - 3)}...` : safe);
}

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Escapes what a terminal would obey or not show. */
const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => NAMED[character] ?? `\\u{${hexOf(character)}}`);

/** Of the first character, at least four digits: `200B`. */
export const hexOf = (text: string): string => (text.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");

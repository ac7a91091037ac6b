import { CLASSIC_MAC } from "../entry/check-url.ts";
import type { FieldProblem } from "../entry/check-message.ts";
import type { InputItem, InputOptions, InputProblem, Metadata } from "../../../core/ports/list-items.ts";
import { folded, isUrlName, jsonFieldMeant, jsonFieldNamed, ownNameProblem, type JsonField } from "../entry/fields.ts";
import { entryOf, problemOf, type LineReader } from "./line-reader.ts";
import type { TextLine } from "../bytes/text-lines.ts";

const EXAMPLE = '{"url": "https://example.org/file"}';
const MISSING_URL = "missing; write the URL of the file, or choose the field that holds it with --url-column";
const INTO_METADATA = 'put it into metadata: {"metadata": {...}}';

type Known = JsonField | "metadata";

/** On each line a JSON object, or a JSON string that is a URL. */
export class JsonLines implements LineReader {
  readonly #urlName: string | undefined;
  readonly #after: number;

  constructor({ after = 0, urlColumn }: InputOptions) {
    this.#after = after;
    this.#urlName = urlColumn === undefined ? undefined : folded(urlColumn);
  }

  read(line: TextLine): readonly InputItem[] {
    if (line.line <= this.#after) return [];
    const text = line.text.trim();
    if (text === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return [problemOf(line, notJson(text))];
    }
    if (typeof value === "string") return entryOf(line, { url: value });
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return [problemOf(line, { reason: `not a JSON object; write one on each line, such as ${EXAMPLE}` })];
    }
    return this.#readObject(line, value as Readonly<Record<string, unknown>>);
  }

  #readObject(line: TextLine, object: Readonly<Record<string, unknown>>): readonly InputItem[] {
    const values: Partial<Record<Known, unknown>> = {};
    const problems: FieldProblem[] = [];
    for (const name of Object.keys(object)) {
      const known = this.#known(name);
      if (known === undefined) problems.push({ field: name, reason: unknownField(name) });
      else if (known in values) problems.push({ field: name, reason: `given twice; ${known} has one value` });
      else values[known] = object[name];
    }
    if (!("url" in values)) problems.push({ field: "url", reason: MISSING_URL });
    const metadata = values.metadata ?? undefined;
    if (metadata !== undefined) problems.push(...metadataProblems(metadata));
    if (problems.length > 0) return problems.map((problem) => problemOf(line, problem));
    return entryOf(line, values, metadata as Metadata | undefined);
  }

  #known(name: string): Known | undefined {
    if (name === "url" && this.#urlName === undefined) return "url";
    const same = folded(name);
    if (this.#urlName === undefined ? isUrlName(name) : same === this.#urlName) return "url";
    if (same === "metadata") return "metadata";
    const field = jsonFieldNamed(name);
    return field === "url" ? undefined : field;
  }
}

function metadataProblems(metadata: unknown): readonly FieldProblem[] {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    return [{ field: "metadata", reason: 'not a JSON object; write one, such as {"note": "mine"}' }];
  }
  const names = Object.keys(metadata);
  const seen = new Set<string>();
  return names.flatMap((name) => {
    const isTwice = seen.has(folded(name));
    seen.add(folded(name));
    const reason = isTwice ? "given twice, but for upper and lower case; choose another name" : ownNameProblem(name);
    return reason === undefined ? [] : [{ field: `metadata.${name}`, reason }];
  });
}

function unknownField(name: string): string {
  const meant = jsonFieldMeant(name);
  if (meant !== undefined) return `unknown field; did you mean ${meant}? If it is your own, ${INTO_METADATA}`;
  return `unknown field; if it is your own, ${INTO_METADATA}`;
}

function notJson(text: string): Pick<InputProblem, "reason" | "endsList"> {
  if (text.includes("\r")) return { reason: `holds a carriage return (CR); ${CLASSIC_MAC}` };
  if (text.startsWith("[")) {
    return { reason: "a JSON array; make lines of it with: jq -c '.[]' LIST > NEW.jsonl", endsList: true };
  }
  if (text.startsWith("{") && !text.includes("}")) {
    const reason = "the line ends before the JSON object does; write each on one line: jq -c . LIST > NEW.jsonl";
    return { reason, endsList: true };
  }
  if (text.endsWith("},")) return { reason: "not JSON: a comma follows the object; leave it out" };
  if (/^https?:/i.test(text)) {
    return { reason: "a plain URL in a list of JSON; write it in double quotes, or choose --format txt" };
  }
  return { reason: `not JSON; write an object on each line, such as ${EXAMPLE}` };
}

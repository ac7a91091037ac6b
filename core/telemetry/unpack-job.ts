import { FIRST_STATE, isKeyed, OTHER, PACKED, SHAPES, type Fields } from "./packed-job.ts";

/** Fields of the line itself, not of its events. */
const OWN = new Set(["event", "timestamp", "events", "others"]);
const KNOWN = new Set([...SHAPES.values()].flatMap(({ fields }) => fields));

type Reading = { readonly name: string; readonly key: string; readonly fields: readonly string[] } | undefined;

function shapeOf(word: string): Reading {
  for (const [name, { by, fields, word: begins }] of SHAPES) {
    if (by === undefined ? word === begins : word.startsWith(begins))
      return { name, key: word.slice(begins.length), fields };
  }
  return undefined;
}

class Unreadable extends Error {}

function eventOf(line: Fields, word: string, state: string): Fields {
  const shape = shapeOf(word);
  if (!shape) throw new Unreadable();
  const { fields, key, name } = shape;
  const values = fields.map((field): readonly [string, unknown] => {
    if (field === "from_state") return [field, state];
    if (field === "to_state" || field === "op_type") return [field, key];
    const value = isKeyed(field) ? (line[field] as Fields | undefined)?.[key] : line[field];
    if (value === undefined) throw new Unreadable();
    return [field, value];
  });
  return { event: name, ...Object.fromEntries(values) };
}

/**
 * The events of a packed line, in their order, each as its own line would have been. Any other line is returned as it
 * is, and so is a packed line of a later release with words that this one does not know. Fields that it does not know
 * go to the first event.
 */
export function unpackJob(line: Fields): readonly Fields[] {
  const { event, events, others = [], timestamp } = line;
  if (event !== PACKED || typeof events !== "string") return [line];
  const firstMs = Date.parse(String(timestamp));
  const left = (Array.isArray(others) ? [...others] : []) as Fields[];
  const unpacked: Fields[] = [];
  let [atMs, state] = [firstMs, FIRST_STATE];
  try {
    for (const word of events.split(" ")) {
      if (/^-?\d+$/.test(word)) {
        atMs = firstMs + Number(word);
        continue;
      }
      const found = word === OTHER ? left.shift() : eventOf(line, word, state);
      if (!found) return [line];
      if (word.startsWith(">")) state = word.slice(1);
      const { event: name, ...fields } = found;
      unpacked.push({ event: name, timestamp: new Date(atMs).toISOString(), ...fields });
    }
  } catch {
    return [line];
  }
  const unknown = Object.entries(line).filter(([field]) => !OWN.has(field) && !KNOWN.has(field));
  const [first, ...rest] = unpacked;
  return [{ ...first, ...Object.fromEntries(unknown) }, ...rest];
}

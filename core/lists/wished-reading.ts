import { LIST_FORMATS, type ListFormat } from "../ports/list-items.ts";
import { UnusableListError } from "../ports/lists.ts";
import type { ListReading } from "./list-record.ts";

const YES_OR_NO: Readonly<Record<string, boolean>> = { yes: true, true: true, no: false, false: false };

/**
 * How a list is to be read, by the metadata of its object: `format`, `url-column`, `metadata` and `skip-invalid`, which
 * are called as the options of `fetchonce submit`. Other metadata are not ours.
 * @throws UnusableListError for a value that is none of those that there are.
 */
export function wishedReading(wishes: Readonly<Record<string, string>>): ListReading {
  const { format, "url-column": urlColumn } = wishes;
  if (format !== undefined && !isFormat(format))
    throw new UnusableListError(`its metadata format is "${format}"; write one of ${LIST_FORMATS.join(", ")}`);
  return {
    metadata: chosen(wishes, "metadata", true),
    skip_invalid: chosen(wishes, "skip-invalid", false),
    ...(format !== undefined && { format }),
    ...(urlColumn !== undefined && { url_column: urlColumn }),
  };
}

const isFormat = (text: string): text is ListFormat => (LIST_FORMATS as readonly string[]).includes(text);

function chosen(wishes: Readonly<Record<string, string>>, name: string, byDefault: boolean): boolean {
  const text = wishes[name];
  if (text === undefined) return byDefault;
  const value = YES_OR_NO[text.toLowerCase()];
  if (value !== undefined) return value;
  throw new UnusableListError(`its metadata ${name} is "${text}"; write yes or no`);
}

/**
 * A document in the jobs table that operators change: one item with a version, and the history of its changes. Every
 * write names the version that its writer has seen: of two writers at once, the second is refused, reads again and
 * plans again. A change and its audit entry are one write.
 */
import type * as z from "zod/mini";
import { canonicalJson } from "../model/keys.ts";
import type { Clause, Item, Value, Write } from "../model/write.ts";
import type { Items } from "../ports/items.ts";
import type { Clock } from "../ports/runtime.ts";

/** How many changes a document keeps. */
const LONGEST_HISTORY = 50;
const MOST_ATTEMPTS = 10;

export interface DocumentDeps {
  readonly clock: Clock;
  readonly items: Items;
}

/** One kind of document `D`, whose changes are planned as `P` and kept as `C`. */
export interface DocumentKind<D, P, C> {
  readonly key: string;
  /** What people call it. */
  readonly called: string;
  /** @throws TypeError when the item is damaged. */
  decode(item: Item): D;
  change(seen: D | undefined, planned: P, by: string, atMs: number): C;
  write(seen: D | undefined, planned: P, change: C): Write;
  encode(change: C): Value;
}

interface Versioned<C> {
  readonly version: number;
  /** Oldest first. */
  readonly history: readonly C[];
}

export interface Outcome<D, C> {
  readonly document: D | undefined;
  /** Undefined if there was nothing to change. */
  readonly change: C | undefined;
}

/** What the document says does not allow the command. The message says why. */
export class RefusalError extends Error {
  override readonly name = "RefusalError";
}

export class DocumentBusyError extends Error {
  override readonly name = "DocumentBusyError";

  constructor(called: string) {
    super(`Others changed ${called} ${MOST_ATTEMPTS} times in the meantime. Look at its status and try again.`);
  }
}

export const isAsSeen = (seen: { readonly version: number } | undefined): Clause =>
  seen ? { attribute: "version", is: "=", than: seen.version } : { attribute: "pk", is: "absent" };

export const versionAfter = (seen: { readonly version: number } | undefined): number => (seen ? seen.version + 1 : 1);

export const historyWith = <C>(seen: Versioned<C> | undefined, change: C): readonly C[] =>
  [...(seen?.history ?? []), change].slice(-LONGEST_HISTORY);

export async function readDocument<D>(
  items: Items,
  { decode, key }: Pick<DocumentKind<D, never, never>, "decode" | "key">,
): Promise<D | undefined> {
  const item = await items.read(key);
  return item && decode(item);
}

/**
 * Plans a change from the current document and writes it only if the document is unchanged. After a lost race, it plans
 * again from the new document.
 * @throws DocumentBusyError after 10 lost races, and anything that `plan` throws.
 */
export async function changeDocumentBy<D extends Versioned<C>, P, C>(
  { clock, items }: DocumentDeps,
  kind: DocumentKind<D, P, C>,
  by: string,
  plan: (document: D | undefined) => P | undefined,
): Promise<Outcome<D, C>> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const document = await readDocument(items, kind);
    const planned = plan(document);
    if (!planned) return { document, change: undefined };
    const change = kind.change(document, planned, by, clock.nowMs());
    const { applied, item } = await items.write(kind.write(document, planned, change));
    const after = item && kind.decode(item);
    // Refused because of our own change: the write was sent again after its answer was lost.
    const isOurs = applied || after?.history.some((past) => isEqual(kind.encode(past), kind.encode(change)));
    if (isOurs === true) return { document: after, change };
  }
  throw new DocumentBusyError(kind.called);
}

const isEqual = (a: Value, b: Value): boolean => canonicalJson(a) === canonicalJson(b);

/** @throws TypeError that says what is wrong with the item, and what to do. */
export function parsedItem<T extends z.ZodMiniType>(schema: T, key: string, item: Item, whatToDo: string): z.infer<T> {
  const { data, error } = schema.safeParse(item);
  if (!error) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  throw new TypeError(`The table's item ${key} is damaged (${problems}). ${whatToDo}`);
}

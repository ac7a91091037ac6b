import type { OperationEntry } from "../model/protocol.ts";
import { operationEntries } from "../model/protocol.ts";
import { operationAttribute } from "../model/record-codec.ts";
import type { OperationType } from "../model/operations.ts";
import type { OperationRecord } from "../model/record.ts";
import type { JobState } from "../model/states.ts";
import type { Item, Value, Write } from "../model/write.ts";

/**
 * What an attempt has done that the job's record does not say yet. It goes with the attempt's next write, whichever
 * that is, and is told of when that has been applied. A crash before loses it, so only what may be done again is here.
 */
export class Unrecorded {
  readonly #operations = new Map<string, OperationEntry>();
  readonly #notes = new Map<string, Value>();
  readonly #news: (() => void)[] = [];
  #state: JobState | undefined;

  get state(): JobState | undefined {
    return this.#state;
  }

  operation(type: OperationType): OperationRecord | undefined {
    const entry = this.#operations.get(operationAttribute(type));
    return entry?.type === type ? entry.record : undefined;
  }

  start(entry: OperationEntry): void {
    this.#operations.set(operationAttribute(entry.type), entry);
  }

  /** An operation is done, and leads to the state, if to any. `tell` is called once the record says so. */
  add(done: OperationEntry, state: JobState | undefined, tell: () => void): void {
    this.start(done);
    // The record may have gone further by a write whose answer was lost.
    this.#state = state ?? this.#state;
    this.#news.push(tell);
  }

  /** At once, but not before what is to be told first. */
  tellInTurn(tell: () => void): void {
    if (this.#news.length > 0) this.#news.push(tell);
    else tell();
  }

  forget(type: OperationType): void {
    this.#operations.delete(operationAttribute(type));
  }

  note(name: string, value: Value): void {
    this.#notes.set(name, value);
  }

  /** @returns the write with all of this, and what is to be called when it has been applied. */
  with(write: Write): { readonly write: Write; readonly onApplied: () => void } {
    const operations = [...this.#operations];
    const notes = [...this.#notes];
    const news = [...this.#news];
    const state = this.#state;
    const set: Item = {
      ...Object.fromEntries(notes),
      ...operationEntries(operations.map(([, entry]) => entry)),
      ...(state !== undefined && { state }),
      ...write.set,
    };
    return {
      write: { ...write, set },
      onApplied: () => {
        for (const [name, value] of notes) if (this.#notes.get(name) === value) this.#notes.delete(name);
        for (const [name, entry] of operations) if (this.#operations.get(name) === entry) this.#operations.delete(name);
        if (this.#state === state) this.#state = undefined;
        this.#news.splice(0, news.length);
        for (const tell of news) tell();
      },
    };
  }
}

/** Lists in memory, which become batches: real readers, and a queue that notes what it takes. */
import { listItems } from "../../../../adapters/lists/list-items.ts";
import { readMessages, type MessageLine } from "../../../../core/batches/batch-lines.ts";
import { batchItemKey, type BatchRecord, decodeBatch } from "../../../../core/batches/batch-record.ts";
import { expandLists, type Expanded, type ExpanderDeps } from "../../../../core/lists/expand-lists.ts";
import { decodeList, listIdOf, listItemKey, type ListRecord } from "../../../../core/lists/list-record.ts";
import type { ListRefused } from "../../../../core/lists/list-refused.ts";
import type { BusEvent } from "../../../../core/ports/announcement-bus.ts";
import { type FoundList, type Lists, UnusableListError } from "../../../../core/ports/lists.ts";
import type { SendBatch } from "../../../../core/producer/job.ts";
import { world, type World } from "../../../simulation/world.ts";
import { memoryFiles } from "../batches/support.ts";

const BUCKET = "archive";

interface StoredList extends FoundList {
  readonly content: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
}

export class ListsWorld {
  readonly world: World = world();
  readonly files = memoryFiles();
  readonly events: BusEvent[] = [];
  /** Messages, as the queue got them. */
  readonly sent: string[] = [];
  readonly objects = new Map<string, StoredList>();
  /** Called for each chunk of a list that is read. */
  onChunk: () => void | Promise<void> = () => undefined;
  sendBatch: SendBatch = async (entries) => {
    this.sent.push(...entries.map(({ MessageBody }) => MessageBody));
    return Promise.resolve({ Successful: entries.map(({ Id }) => ({ Id })) });
  };
  readonly deps: ExpanderDeps;
  #puts = 0;

  constructor() {
    const { clock, random, telemetry } = this.world.deps;
    this.deps = {
      clock,
      random,
      telemetry,
      items: this.world.items,
      lists: this.#lists(),
      files: this.files,
      bucket: BUCKET,
      sendBatch: async (entries) => this.sendBatch(entries),
      bus: {
        publish: async (events) => {
          this.events.push(...events);
          return Promise.resolve({ taken: events.length });
        },
      },
      linesInAFile: 3,
      expandsForMs: 840_000,
      known: new Set(),
    };
  }

  /** @returns the list's id. */
  put(name: string, content: string | Buffer, metadata: Readonly<Record<string, string>> = {}): string {
    const nowMs = this.world.clock.nowMs();
    const key = `lists/${name}`;
    const list = { key, etag: `"${++this.#puts}"`, modifiedAtMs: nowMs, content: Buffer.from(content), metadata };
    this.objects.set(key, list);
    return listIdOf(BUCKET, list);
  }

  /** One run, in which time goes on while somebody waits for it. */
  async run(deps: Partial<ExpanderDeps> = {}): Promise<Expanded | Error> {
    const state = { isOver: false };
    const running = expandLists({ ...this.deps, ...deps })
      .catch((error: unknown) => error as Error)
      .finally(() => (state.isOver = true));
    while (!state.isOver) await this.world.clock.advance(100);
    return running;
  }

  /** Runs, a minute apart. */
  async runs(count: number, deps: Partial<ExpanderDeps> = {}): Promise<void> {
    for (let run = 0; run < count; run++) {
      await this.run(deps);
      await this.world.clock.advance(60_000);
    }
  }

  list(id: string): ListRecord | undefined {
    const item = this.world.items.all.get(listItemKey(id));
    return item && decodeList(item);
  }

  batch(id: string): BatchRecord | undefined {
    const item = this.world.items.all.get(batchItemKey(id));
    return item && decodeBatch(item);
  }

  async lines(id: string): Promise<readonly MessageLine[]> {
    const { files = 0 } = this.batch(id) ?? {};
    const all = await Promise.all(Array.from({ length: files }, async (_, file) => readMessages(this.files, id, file)));
    return all.flatMap((some) => some ?? []);
  }

  get told(): readonly ListRefused[] {
    return this.events.map(({ detail }) => JSON.parse(detail) as ListRefused);
  }

  get urls(): readonly string[] {
    return this.sent.map((body) => (JSON.parse(body) as { readonly url: string }).url);
  }

  #lists(): Lists {
    const { objects } = this;
    const onChunk = async (): Promise<void> => this.onChunk();
    function current({ etag, key }: Pick<FoundList, "etag" | "key">): StoredList {
      const list = objects.get(key);
      if (list?.etag !== etag) throw new UnusableListError("it was removed or replaced; put it again");
      return list;
    }
    async function* chunks(content: Buffer): AsyncGenerator<Buffer> {
      for (let at = 0; at < content.length; at += 64) {
        await onChunk();
        yield content.subarray(at, at + 64);
      }
    }
    return {
      nameOf: (key) => `s3://${BUCKET}/${key}`,
      async *found() {
        yield await Promise.resolve(
          [...objects.values()].map(({ etag, key, modifiedAtMs }) => ({ etag, key, modifiedAtMs })),
        );
      },
      wishes: async (list) => Promise.resolve(current(list).metadata),
      async *items(list, options) {
        const { content, key } = current(list);
        for await (const items of listItems({ name: key, stream: chunks(content), open: undefined }, options)) {
          current(list);
          yield items;
        }
      },
    };
  }
}

export const urlsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `https://host-${n % 3}.example/${n}`);

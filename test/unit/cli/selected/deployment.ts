import type { JobFilter } from "../../../../adapters/aws/operators/scanned-jobs.ts";
import { jobIdOf, jobItemKey } from "../../../../core/model/keys.ts";
import type { OutgoingMessage } from "../../../../core/model/message.ts";
import { OPEN_STATES } from "../../../../core/model/states.ts";
import type { Item } from "../../../../core/model/write.ts";
import type { JobPages } from "../../../../core/ports/items.ts";
import { BatchWorld, ID, jobAt } from "../../core/batches/support.ts";
import { answer } from "../../../simulation/world.ts";
import { operated, type Operated } from "../operated.ts";

export const STACK = ["--stack", "fetchonce-prod"];

/** A deployment in which hosts answer 503 until they are asked to serve, with a batch of three lines. */
export class Deployment {
  readonly b = new BatchWorld({ maxAttempts: 2 });
  readonly filters: JobFilter[] = [];
  /** By the queue's URL. */
  readonly sent = new Map<string, OutgoingMessage[]>();
  /** The queue takes so many requests, and refuses the next one. */
  takes = Number.POSITIVE_INFINITY;

  constructor() {
    this.b.world.serve(() => answer({ status: 503, headers: { "retry-after": "60" } }));
  }

  async run(...argv: readonly string[]): Promise<Operated> {
    const { files, world } = this.b;
    const { clock, items } = world;
    return operated([...argv, ...STACK], {
      clock,
      tableOf: () => ({ clock, items }),
      batchesIn: () => ({ files, ids: async () => Promise.resolve([ID]) }),
      senderTo: (queueUrl) => ({
        send: async (messages) => {
          this.takes -= 1;
          if (this.takes < 0) throw new Error("The queue is away.");
          this.sent.set(queueUrl, [...(this.sent.get(queueUrl) ?? []), ...messages]);
          return Promise.resolve();
        },
      }),
      pagesOf: (_table, filter): JobPages => {
        this.filters.push(filter);
        const isOpen = ({ state }: Item): boolean => OPEN_STATES.some((open) => open === state);
        const all = [...items.all].flatMap(([key, item]) => (key.startsWith("JOB#") && isOpen(item) ? [item] : []));
        return {
          page: async (from) => {
            const at = Number(from ?? 0);
            const next = at + 1 < all.length ? { next: String(at + 1) } : {};
            return Promise.resolve({ items: all.slice(at, at + 1), scanned: 1, readUnits: 0.5, ...next });
          },
        };
      },
    });
  }

  stateOf(n: number): unknown {
    const { reason, state } = this.b.world.items.all.get(jobItemKey(jobIdOf(jobAt(n)))) ?? {};
    return reason === "cancelled" ? reason : state;
  }
}

export const jsonLines = (text: string): readonly object[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);

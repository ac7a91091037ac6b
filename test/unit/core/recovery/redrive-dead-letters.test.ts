import { describe, expect, it } from "vitest";
import type { DeadLetter, DeadLetterQueue, Queue } from "../../../../core/ports/queue.ts";
import { redriveDeadLetters, type DeadLettersRequest } from "../../../../core/recovery/redrive-dead-letters.ts";

const valid = (artifact: string): string =>
  JSON.stringify({ work_id: "work", artifact_id: artifact, url: "https://origin.example/file" });

const GOOD = ["a", "b", "c", "d"].map(valid);
const POISON = ["not JSON", '{"work_id":"w"}'];
const REASONS: Readonly<Record<string, string>> = { [valid("b")]: "http_404" };

it("a redrive goes on past letters that it has seen before, until it has seen all", async () => {
  const bodies = [
    ...Array.from({ length: 50 }, (_, n) => `not JSON ${n}`),
    ...Array.from({ length: 50 }, (_, n) => valid(`a${n}`)),
  ];
  const letters = bodies.map((body, n) => ({ id: `m${n}`, body, receiptHandle: `r${n}` }));
  const left = new Set(letters);
  const seen = new Set<string>();
  let receives = 0;
  const sent: string[] = [];
  const problems = new Set<string>();
  await redriveDeadLetters(
    {
      deadLetters: {
        // Every other batch holds letters that have been seen: their time hidden is up.
        receive: async () => {
          receives += 1;
          const unseen = [...left].filter(({ id }) => !seen.has(id));
          const batch = receives % 2 === 0 && seen.size > 0 ? [...left].filter(({ id }) => seen.has(id)) : unseen;
          for (const { id } of batch.slice(0, 10)) seen.add(id);
          return batch.slice(0, 10);
        },
        delete: async (done) => {
          for (const { id } of done) for (const letter of left) if (letter.id === id) left.delete(letter);
        },
        giveBack: async () => undefined,
      },
      queue: { send: async (messages) => void sent.push(...messages.map(({ body }) => body)) },
    },
    { isDryRun: false, onLetter: ({ id }, outcome) => typeof outcome === "object" && problems.add(id) },
  );
  expect([sent.length, problems.size, left.size]).toEqual([50, 50, 50]);
});

/** Two queues that return two letters per receive, and a process that can die before or after any call's effect. */
class Queues {
  readonly work: string[] = [];
  readonly dead: DeadLetter[];
  readonly #hidden = new Set<string>();
  calls = 0;
  crash: { readonly at: number; readonly isAfter: boolean } | undefined;

  constructor(bodies: readonly string[]) {
    this.dead = bodies.map((body, index) => {
      const reason = REASONS[body];
      return { id: `m${index}`, body, receiptHandle: `r${index}`, ...(reason !== undefined && { reason }) };
    });
  }

  /** Makes all letters visible again that a process had hidden before it died. */
  timePasses(): void {
    this.#hidden.clear();
  }

  readonly deadLetters: DeadLetterQueue = {
    receive: async () =>
      this.#call(() => {
        const found = this.dead.filter(({ id }) => !this.#hidden.has(id)).slice(0, 2);
        for (const { id } of found) this.#hidden.add(id);
        return found;
      }),
    delete: async (letters) =>
      this.#call(() => {
        for (const { id } of letters)
          this.dead.splice(
            this.dead.findIndex((letter) => letter.id === id),
            1,
          );
      }),
    giveBack: async (letters) =>
      this.#call(() => {
        for (const { id } of letters) this.#hidden.delete(id);
      }),
  };

  readonly queue: Pick<Queue, "send"> = {
    send: async (messages) => this.#call(() => void this.work.push(...messages.map(({ body }) => body))),
  };

  get deadBodies(): readonly string[] {
    return this.dead.map(({ body }) => body);
  }

  get isAnyHidden(): boolean {
    return this.dead.some(({ id }) => this.#hidden.has(id));
  }

  #call<T>(effect: () => T): T {
    this.calls += 1;
    // After its death, no call of the process has an effect.
    if (this.crash && (this.calls > this.crash.at || (this.calls === this.crash.at && !this.crash.isAfter)))
      throw new Error("killed");
    const value = effect();
    if (this.calls === this.crash?.at) throw new Error("killed");
    return value;
  }
}

const run = async (queues: Queues, more: Partial<DeadLettersRequest> = {}): Promise<void> =>
  redriveDeadLetters(queues, { isDryRun: false, onLetter: () => undefined, ...more });

describe("the redrive of dead letters", () => {
  it("sends each valid letter once and deletes it; invalid letters stay visible and are reported with the problem", async () => {
    const queues = new Queues([...GOOD, ...POISON]);
    const reported: unknown[] = [];
    await run(queues, { onLetter: ({ body }, outcome) => reported.push([body, outcome]) });
    expect(queues.work).toEqual(GOOD);
    expect(queues.deadBodies).toEqual(POISON);
    expect(queues.isAnyHidden).toBe(false);
    expect(reported).toEqual([
      ...GOOD.map((body) => [body, "sent"]),
      ["not JSON", { problem: expect.stringContaining("not JSON") }],
      ['{"work_id":"w"}', { problem: expect.stringContaining("artifact_id") }],
    ]);
  });

  it("sends and deletes nothing in a dry run, and leaves no letter hidden", async () => {
    const queues = new Queues([...GOOD, ...POISON]);
    const reported: unknown[] = [];
    await run(queues, { isDryRun: true, onLetter: (_letter, outcome) => reported.push(outcome) });
    expect({ work: queues.work, dead: queues.deadBodies, isAnyHidden: queues.isAnyHidden }).toEqual({
      work: [],
      dead: [...GOOD, ...POISON],
      isAnyHidden: false,
    });
    expect(reported.filter((outcome) => outcome === "selected")).toHaveLength(GOOD.length);
  });

  it("reports a letter once if it becomes visible again during the run", async () => {
    const queues = new Queues([...POISON, ...GOOD]);
    const reported: string[] = [];
    await run(queues, {
      onLetter: ({ body }) => {
        reported.push(body);
        queues.timePasses();
      },
    });
    expect(reported.filter((body) => POISON.includes(body))).toEqual(POISON);
  });

  it("sends each message with the host of its URL as the group", async () => {
    const groups: string[] = [];
    const queues = new Queues(GOOD.slice(0, 1));
    const queue: Pick<Queue, "send"> = { send: async (sent) => void groups.push(...sent.map(({ group }) => group)) };
    await redriveDeadLetters(
      { deadLetters: queues.deadLetters, queue },
      { isDryRun: false, onLetter: () => undefined },
    );
    expect(groups).toEqual(["origin.example"]);
  });
});

describe("a redrive of dead letters, interrupted at any call, before or after the call's effect", () => {
  const order = [POISON[0] ?? "", ...GOOD, POISON[1] ?? ""];

  async function callsOfAll(): Promise<number> {
    const queues = new Queues(order);
    await run(queues);
    return queues.calls;
  }

  it("loses no letter, and a second run completes it", async () => {
    const calls = await callsOfAll();
    expect(calls).toBeGreaterThan(8);
    for (let at = 1; at <= calls; at++) {
      for (const isAfter of [false, true]) {
        const queues = new Queues(order);
        queues.crash = { at, isAfter };
        await expect(run(queues), `call ${at}`).rejects.toThrow("killed");
        const somewhere = new Set([...queues.work, ...queues.deadBodies]);
        expect(somewhere, `after call ${at}`).toEqual(new Set(order));

        queues.crash = undefined;
        queues.timePasses();
        await run(queues);
        expect(new Set(queues.work), `after call ${at}`).toEqual(new Set(GOOD));
        expect(queues.deadBodies.toSorted(), `after call ${at}`).toEqual(POISON.toSorted());
      }
    }
  });
});

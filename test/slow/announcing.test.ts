/**
 * The bundled worker, table stream, bundled announcer, bus, and a consumer behind the rule of the documentation:
 * whatever dies, the consumer hears how each job ended, and of each the same.
 */
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { jobIdOf } from "../../core/model/keys.ts";
import type { JobMessage } from "../../core/model/message.ts";
import { EXAMPLE_PATTERNS } from "../../dashboards/docs/announcements.ts";
import { readThrough } from "../embedded-aws/aws/queues.ts";
import { startAnnouncer, type RunningAnnouncer } from "../embedded-aws/events/announcer.ts";
import type { BusOptions } from "../embedded-aws/events/event-bus.ts";
import { announcementsIn, type Told } from "../simulation/services/bus.ts";
import { type Run, startRun, startSurroundings, until } from "../e2e/support.ts";

const [WORK] = EXAMPLE_PATTERNS.single.detail.work_id;
/** With so much metadata, two batches of 64 KB: a request of the bus takes both, or ten of the single events. */
const FILES = 70;
const METADATA = { note: "n".repeat(980) };
const KINDS = ["single", "batched"] as const;

type Deaths = Pick<BusOptions, "beforeTaking" | "beforeAnswering"> & {
  readonly losesCheckpoint?: (nth: number) => boolean;
};

/** Each strikes at the first request of the bus. */
const CRASHES: readonly {
  readonly what: string;
  readonly deaths: (announcer: () => RunningAnnouncer | undefined) => Deaths;
  readonly repeats: boolean;
}[] = [
  { what: "nothing dies", deaths: () => ({}), repeats: false },
  {
    what: "the announcer is killed before the bus takes an event",
    deaths: (announcer) => ({
      beforeTaking: (_entries, nth) => {
        if (nth > 1) return undefined;
        kill(announcer());
        return new Set(_entries.keys());
      },
    }),
    repeats: false,
  },
  {
    what: "the announcer is killed after the bus took the events, before it hears of it",
    deaths: (announcer) => ({
      beforeAnswering: (nth) => {
        if (nth === 1) kill(announcer());
      },
    }),
    repeats: true,
  },
  {
    what: "Lambda dies after the announcer has answered, before it writes its place in the stream down",
    deaths: () => ({ losesCheckpoint: (nth) => nth === 1 }),
    repeats: true,
  },
  {
    what: "the bus refuses the last event of a request",
    deaths: () => ({ beforeTaking: (entries, nth) => (nth === 1 ? new Set([entries.length - 1]) : undefined) }),
    repeats: false,
  },
  {
    what: "the bus refuses the first event of a request, and takes the others",
    deaths: () => ({ beforeTaking: (_entries, nth) => (nth === 1 ? new Set([0]) : undefined) }),
    repeats: true,
  },
];

function kill(announcer: RunningAnnouncer | undefined): void {
  for (const pid of announcer?.pool.pids() ?? []) announcer?.pool.kill(pid);
}

/** What EventBridge bills: one for each job, or batches of about 45 of a kind; and as many more as are sent again. */
const EVENTS = { single: { least: FILES, most: 2 * FILES }, batched: { least: 2, most: FILES / 2 } };
const MATRIX = KINDS.flatMap((announcements) => CRASHES.map((crash) => ({ announcements, crash })));

it.each(MATRIX)(
  "$announcements: a consumer hears how each job of its work ended, if $crash.what",
  async ({ announcements, crash: { deaths, repeats } }) => {
    const run = await startRun({ ...(await startSurroundings()), workers: 1 });
    const cleanup = new AsyncDisposableStack();
    onTestFinished(async () => cleanup.disposeAsync());
    const stored = Promise.withResolvers<void>();
    const running: RunningAnnouncer[] = [];
    const options = { announcements, beginsAfter: stored.promise, ...deaths(() => running[0]) };
    const announcer = await startAnnouncer(run.pipeline, options, cleanup);
    running.push(announcer);
    const { bus, reader, stream } = announcer;
    const { sqs } = run.pipeline.clients;
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "consumer" }));
    bus.addRule(EXAMPLE_PATTERNS[announcements], QueueUrl);

    const messages = messagesTo(run);
    await run.pipeline.submit(messages);
    const records = await run.untilTerminal(messages.map(jobIdOf));
    stored.resolve();
    await until("the stream is read to its end", async () =>
      reader.checkpoint() === stream.records.length ? undefined : `${reader.checkpoint()} of ${stream.records.length}`,
    );

    const heard = (await readThrough(sqs, QueueUrl)).flatMap(({ body }) => toldIn(body));
    const mine = heard.filter(({ work_id: work }) => work === WORK);
    const byId = new Map(mine.map((one) => [one.id, one]));
    const wanted = messages.filter(({ work_id: work }) => work === WORK).map(jobIdOf);
    expect([...byId.keys()].toSorted()).toEqual(wanted.toSorted());
    for (const { id, state } of mine) expect(state).toBe(records.get(id)?.state);
    expect(new Set(mine.map(({ state }) => state))).toEqual(new Set(["INDEXED", "DEDUPED", "FAILED"]));
    // A repeat says the same, so a consumer that knows the id may skip it.
    for (const one of mine) expect(one).toEqual(byId.get(one.id));
    expect(mine.length > wanted.length).toBe(repeats);
    // Single events of other work do not match the rule. A batch brings them along.
    expect(heard.length > mine.length).toBe(announcements === "batched");
    const { least, most } = EVENTS[announcements];
    expect(bus.billedEvents()).toBeGreaterThanOrEqual(least);
    expect(bus.billedEvents()).toBeLessThanOrEqual(most);
  },
);

const messagesTo = ({ origin }: Run): readonly JobMessage[] =>
  Array.from({ length: FILES }, (_, index) => ({
    work_id: index % 10 === 0 ? "other" : (WORK ?? ""),
    artifact_id: `file-${index}`,
    // Some have the same bytes, so that some jobs end DEDUPED, and some are not there.
    url: index % 12 === 1 ? `${origin.url}/nowhere-${index}` : origin.urlOf(fileOf(index % 60)),
    metadata: METADATA,
  }));

const fileOf = (number: number) => ({ name: `file-${number}`, size: 1024, type: "text/plain" });

const envelope = z.object({ source: z.string(), "detail-type": z.string(), detail: z.unknown() });
function toldIn(body: string): readonly Told[] {
  const { detail, source, "detail-type": type } = envelope.parse(JSON.parse(body));
  return announcementsIn({ source, type, detail: JSON.stringify(detail) });
}

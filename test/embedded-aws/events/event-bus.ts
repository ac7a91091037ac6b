import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { type EmbeddedService, listen } from "../../../local/shared/loopback.ts";
import { ACCOUNT, REGION } from "../template/template.ts";
import { matches } from "./pattern.ts";

const MOST_ENTRIES = 10;
/** The oldest limit, which some regions still have: the entries of a request are shorter. */
const ENTRIES_BYTES = 256 * 1024;
const BILLED_BYTES = 64 * 1024;

const entry = z.strictObject({
  EventBusName: z.string(),
  Source: z.string(),
  DetailType: z.string(),
  Detail: z.string(),
});
type BusEntry = z.infer<typeof entry>;
const putEvents = z.object({ Entries: z.array(entry).min(1) });

/** Entries that are refused, by their places, as of a bus that is throttled. */
type Verdict = ReadonlySet<number>;

export interface BusOptions {
  readonly sqs: SQSClient;
  /** Called with each request, counted from 1, before the bus takes anything. It may kill who asks. */
  readonly beforeTaking?: (entries: readonly BusEntry[], nth: number) => Verdict | undefined;
  /** Called after the bus has taken the entries, and before it answers. */
  readonly beforeAnswering?: (nth: number) => void;
}

export interface EventBus extends EmbeddedService {
  /** What was taken, in the order of arrival. */
  readonly taken: readonly BusEntry[];
  /** Events, as EventBridge bills them. */
  billedEvents(): number;
  /** Sends each event that matches to the queue, as EventBridge does to a target. */
  addRule(pattern: unknown, queueUrl: string): void;
}

/** An event bus with rules whose targets are queues. */
export async function startEventBus({ sqs, beforeAnswering, beforeTaking }: BusOptions): Promise<EventBus> {
  const taken: BusEntry[] = [];
  const rules: { readonly pattern: unknown; readonly queueUrl: string }[] = [];
  let asked = 0;

  async function take(one: BusEntry): Promise<void> {
    taken.push(one);
    const event = eventOf(one);
    for (const { pattern, queueUrl } of rules) {
      if (!matches(pattern, event)) continue;
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(event) }));
    }
  }

  async function answerTo(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { Entries: entries } = putEvents.parse(JSON.parse(await text(request)));
    asked += 1;
    const nth = asked;
    response.setHeader("content-type", "application/x-amz-json-1.1");
    const problem = problemOf(entries);
    if (problem !== undefined) {
      response.statusCode = 400;
      response.end(JSON.stringify({ __type: "ValidationException", message: problem }));
      return;
    }
    const refused = beforeTaking?.(entries, nth) ?? new Set();
    if (request.socket.destroyed) return;
    for (const [place, one] of entries.entries()) if (!refused.has(place)) await take(one);
    beforeAnswering?.(nth);
    response.end(
      JSON.stringify({
        FailedEntryCount: refused.size,
        Entries: entries.map((_, place) =>
          refused.has(place) ? { ErrorCode: "ThrottlingException" } : { EventId: randomUUID() },
        ),
      }),
    );
  }

  const server = createServer((request, response) => {
    answerTo(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  return {
    ...(await listen(server)),
    taken,
    billedEvents: () => taken.reduce((sum, one) => sum + Math.ceil(bytesOf(one) / BILLED_BYTES), 0),
    addRule: (pattern, queueUrl) => void rules.push({ pattern, queueUrl }),
  };
}

const bytesOf = ({ Detail, DetailType, Source }: BusEntry): number =>
  Buffer.byteLength(Source) + Buffer.byteLength(DetailType) + Buffer.byteLength(Detail);

function problemOf(entries: readonly BusEntry[]): string | undefined {
  if (entries.length > MOST_ENTRIES) return `${entries.length} entries in a request`;
  const bytes = entries.reduce((sum, one) => sum + bytesOf(one), 0);
  return bytes < ENTRIES_BYTES ? undefined : `Total size of the entries in the request is over the limit: ${bytes}`;
}

const eventOf = ({ Detail, DetailType, Source }: BusEntry): object => ({
  version: "0",
  id: randomUUID(),
  "detail-type": DetailType,
  source: Source,
  account: ACCOUNT,
  time: new Date().toISOString(),
  region: REGION,
  resources: [],
  detail: JSON.parse(Detail) as unknown,
});

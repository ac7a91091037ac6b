/**
 * The least that a queue is: answers SendMessageBatch as SQS does, and counts what it takes by the number at the end of
 * each message's URL. It speaks HTTP alone, so that it is no bottleneck of what is measured.
 */
import { hash } from "node:crypto";
import { createServer } from "node:http";
import { KEEP_ALIVE_MS, listen } from "../../local/shared/loopback.ts";

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
}

const NUMBER = /\/(\d+)\.bin"/;
/** How often each number came. */
let counts = new Uint8Array(0);
let taken = 0;

function take({ Id, MessageBody }: Entry): object {
  const number = Number(NUMBER.exec(MessageBody)?.[1]);
  counts[number] = (counts[number] ?? 0) + 1;
  taken += 1;
  return { Id, MessageId: String(taken), MD5OfMessageBody: hash("md5", MessageBody) };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { Entries } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly Entries: readonly Entry[] };
    response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify({ Successful: Entries.map(take) }));
  });
});
server.keepAliveTimeout = KEEP_ALIVE_MS;

/** `jobs` forgets all, and counts the numbers below it from then on. Every message is answered with the counts. */
process.on("message", ({ jobs }: { readonly jobs?: number }) => {
  if (jobs !== undefined) {
    counts = new Uint8Array(jobs);
    taken = 0;
  }
  process.send?.({ taken, missing: counts.filter((count) => count === 0).length });
});
process.on("disconnect", () => process.exit());
process.send?.((await listen(server)).endpoint);

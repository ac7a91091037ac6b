/** Runs the real handlers with a log that fails or blocks. */
import type { Context, SQSRecord } from "aws-lambda";
import { performance } from "node:perf_hooks";
import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { boundedSink } from "../../../adapters/node/bounded-sink.ts";
import { measuredTelemetry } from "../../../adapters/powertools/stdout-telemetry.ts";
import { createHandler as createReconciler } from "../../../lambdas/reconciler/create-handler.ts";
import { createHandler as createWorker } from "../../../lambdas/worker/create-handler.ts";
import { answer, fileOrigin, MESSAGE, world } from "../../simulation/world.ts";
import { INVOCATION } from "../../invocation.ts";

const JOBS = 60;
const CONTEXT = { getRemainingTimeInMillis: () => 900_000 } as Context;
const SETTINGS = { requeueGraceMs: 60_000, recoverLimit: 10, sweepLimit: 100, orphanAgeMs: 3_600_000 };

const recordOf = (index: number): SQSRecord =>
  ({
    messageId: `m${index}`,
    receiptHandle: `r${index}`,
    body: JSON.stringify({ ...MESSAGE, artifact_id: `a${index}`, url: `https://origin.example/${index % 7}` }),
    attributes: { ApproximateReceiveCount: "1" },
  }) as SQSRecord;

const sinks: readonly (readonly [what: string, write: (lines: string) => void])[] = [
  [
    "throws",
    () => {
      throw new Error("the disk is full");
    },
  ],
  ["never completes a write", boundedSink(new Writable({ write: () => undefined }))],
  [
    "takes ten seconds for each line",
    boundedSink(new Writable({ write: (_chunk, _encoding, done) => void setTimeout(done, 10_000).unref() })),
  ],
  [
    "fails every write with EPIPE",
    boundedSink(new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) })),
  ],
];

/** Runs a batch with every outcome (success, retry, failure), and then the reconciler. */
async function runWith(write: (lines: string) => void) {
  const telemetry = measuredTelemetry("test", write);
  const w = world({ wrap: (deps) => ({ ...deps, telemetry }) });
  w.serve((request) => {
    if (request.url.endsWith("/5")) return answer({ status: 503 });
    if (request.url.endsWith("/6")) return answer({ status: 404 });
    return fileOrigin(Buffer.from(request.url))(request);
  });
  const startedMs = performance.now();
  const response = await createWorker(w.deps, 10)(
    { Records: Array.from({ length: JOBS }, (_, index) => recordOf(index)) },
    CONTEXT,
  );
  await w.clock.advance(62_000);
  const reconciliation = await createReconciler({ ...w.deps, settings: SETTINGS })({}, INVOCATION);
  const tookMs = performance.now() - startedMs;
  return {
    // Which of several jobs is first differs from run to run.
    outcome: {
      response,
      sent: w.sent.map(({ body }) => body).toSorted(),
      reconciliation,
      items: new Map(w.items.all),
      content: [...w.contentObjects.keys()].toSorted(),
    },
    tookMs,
  };
}

describe("a log", () => {
  it.each(sinks)("that %s does not change what the handlers do, nor delay them", async (_what, write) => {
    const { outcome } = await runWith(() => undefined);
    const { outcome: troubled, tookMs } = await runWith(write);
    expect(troubled).toEqual(outcome);
    expect(outcome.content).toHaveLength(5);
    // Once by the worker, and once by the reconciler.
    expect(outcome.sent).toHaveLength(2 * Math.floor(JOBS / 7));
    // A single line of the slow log takes 10 s.
    expect(tookMs).toBeLessThan(5000);
  });
});

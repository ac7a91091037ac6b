/** A list that is put into S3, in the whole system: the function that expands it is killed while it sends the jobs. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect, it } from "vitest";
import { dynamoItems } from "../../adapters/aws/dynamodb.ts";
import { batchItemKey, decodeBatch } from "../../core/batches/batch-record.ts";
import { decodeList, LIST_SHARD } from "../../core/lists/list-record.ts";
import { present } from "../../core/model/present.ts";
import { jobIdOf } from "../../core/producer/check-job.ts";
import { until as untilWithin } from "../embedded-aws/until.ts";
import { KIB, type Run, startRun, startSurroundings, until } from "../e2e/support.ts";

const FILES = 3_000;
/** Of the 300 that all jobs need. */
const KILLED_AT_REQUEST = 50;
const LEASE_AND_MORE_MS = 300_000;

it("becomes a batch whose jobs all end, although its function was killed in the middle", async () => {
  let requests = 0;
  const run: Run = await startRun({
    ...(await startSurroundings()),
    workers: 2,
    followBatchesEveryMs: 500,
    onAwsRequest: ({ operation }) => {
      if (operation !== "SendMessageBatch" || (requests += 1) !== KILLED_AT_REQUEST) return;
      for (const pid of run.pipeline.batchFollower?.pids() ?? []) run.pipeline.batchFollower?.kill(pid);
    },
  });
  const { clients, names } = run.pipeline;
  const urls = Array.from({ length: FILES }, (_, n) => run.origin.urlOf({ name: `${n}.bin`, size: KIB }));
  const items = dynamoItems(clients.dynamodb, names.table);
  await clients.s3.send(
    new PutObjectCommand({ Bucket: names.batchesBucket, Key: "lists/urls.txt", Body: urls.join("\n") }),
  );

  const foundList = async () => {
    const [due] = await items.watched(LIST_SHARD, Number.MAX_SAFE_INTEGER, 1);
    const item = due && (await items.read(due.key));
    return item && decodeList(item);
  };
  await until("the function was killed", async () =>
    requests >= KILLED_AT_REQUEST ? undefined : `${requests} requests`,
  );
  const seen = present(await foundList(), "a list that was being sent");
  expect(seen).toMatchObject({ phase: "sending", filesSent: 0 });
  const { id } = seen;
  // Another run takes it when the lease has ended.
  await untilWithin("all jobs of the list are sent", LEASE_AND_MORE_MS, async () => (await foundList())?.phase);
  await run.untilTerminal(urls.map((url) => jobIdOf({ url })));
  await until("the batch has ended", async () => {
    const item = await items.read(batchItemKey(id));
    return item?.["phase"] === "ended" ? undefined : JSON.stringify(item);
  });
  const batch = decodeBatch((await items.read(batchItemKey(id))) ?? {});
  expect(batch).toMatchObject({
    lines: FILES,
    files: 1,
    revision: 1,
    counts: { INDEXED: FILES, DEDUPED: 0, FAILED: 0 },
  });
}, 600_000);

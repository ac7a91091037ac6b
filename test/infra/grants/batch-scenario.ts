/** Two batches: one whose job has ended, and one whose lines are not all submitted yet. And a list that becomes one. */
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { s3BatchFiles } from "../../../adapters/aws/s3/batch-files.ts";
import { writeDescription, jsonLinesOf, writeLines } from "../../../core/batches/batch-lines.ts";
import { batchItemKey, createBatch, decodeBatch } from "../../../core/batches/batch-record.ts";
import { jobIdOf } from "../../../core/model/keys.ts";
import type { JobMessage } from "../../../core/model/message.ts";
import { present } from "../../../core/model/present.ts";
import type { Items } from "../../../core/ports/items.ts";
import type { Stage } from "./stage.ts";

const BATCHES = ["whole", "in-part"] as const;

/** @returns the phase of each batch after a run, by its id. */
export async function playBatches(
  stage: Stage,
  items: Items,
  { artifact_id, url, work_id }: JobMessage,
  remainingMs: number,
): Promise<Readonly<Record<string, string>>> {
  const files = s3BatchFiles(stage.clients.s3, stage.output("ArchiveBucketName"));
  const line = { job_id: jobIdOf({ artifact_id, url, work_id }), artifact_id, url, work_id };
  for (const id of BATCHES) {
    await writeDescription(files, id, `${id}.tsv`, {});
    if (id === "whole") await writeLines(files, id, 0, jsonLinesOf([line]));
    await items.write(createBatch({ id, name: `${id}.tsv`, lines: 1, files: 1 }, Date.now()));
  }
  const list = { Bucket: stage.output("ArchiveBucketName"), Key: "lists/urls.txt", Body: `${url}\n` };
  await stage.clients.s3.send(new PutObjectCommand(list));
  const follower = await stage.load(stage.output("BatchesFunctionName"), {}, remainingMs);
  await follower.invoke({});
  const phases = BATCHES.map(async (id) => {
    const item = present(await items.read(batchItemKey(id)), "a batch that was begun");
    return [id, decodeBatch(item).phase] as const;
  });
  return Object.fromEntries(await Promise.all(phases));
}

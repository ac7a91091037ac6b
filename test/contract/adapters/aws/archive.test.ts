import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { s3Archive } from "../../../../adapters/aws/s3/archive.ts";
import { onEachS3 } from "../../embedded-aws/s3-support.ts";

const TEXT = '{"pk":"JOB#1","url":"https://origin.example/ü"}\n'.repeat(1000);

onEachS3((s3) => {
  it("stores an archived text as gzip, with the same bytes each time", async () => {
    const archive = s3Archive(s3.client, s3.Bucket);
    await archive.put("ledger/a.jsonl.gz", TEXT);
    const first = await s3.read("ledger/a.jsonl.gz");
    await archive.put("ledger/a.jsonl.gz", TEXT);
    expect(await s3.read("ledger/a.jsonl.gz")).toEqual(first);
    expect(gunzipSync(first).toString()).toBe(TEXT);
    expect(first.length).toBeLessThan(TEXT.length / 10);
    expect(await s3.head("ledger/a.jsonl.gz")).toMatchObject({
      ContentType: "application/x-ndjson",
      ContentEncoding: "gzip",
    });
  });

  it("fails to archive into a bucket that does not exist", async () => {
    await expect(s3Archive(s3.client, "nowhere-at-all").put("k", TEXT)).rejects.toThrow(/bucket/i);
  });
});

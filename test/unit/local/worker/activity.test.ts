import { expect, it } from "vitest";
import { stagingKey } from "../../../../core/model/keys.ts";
import type { Http } from "../../../../core/ports/http.ts";
import type { Staging } from "../../../../core/ports/staging.ts";
import { Activity } from "../../../../local/worker/activity.ts";

const JOB = "ab".repeat(16);
const { signal } = new AbortController();

async function* body(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
  yield new Uint8Array(4);
}
const http: Http = {
  request: async () => ({ status: 200, headers: {}, setCookies: [], body: body(), discard: () => undefined }),
};
const staging: Pick<Staging, "put" | "uploadPart"> = {
  put: async () => ({ etag: "e" }),
  uploadPart: async () => ({ etag: "e" }),
};

it("a worker's activity is the bytes received since the last report, and the bytes staged of each file", async () => {
  const activity = new Activity();
  const watched = activity.watchStaging(staging as Staging);
  activity.begin(JOB);
  const response = await activity.watchHttp(http).request({ method: "GET", url: "http://a/", headers: {}, signal });
  for await (const piece of response.body) expect(piece.length).toBeGreaterThan(0);
  await watched.uploadPart({ key: stagingKey(JOB, "1"), uploadId: "u" }, 1, new Uint8Array(5));
  await watched.put(stagingKey(JOB, "1"), new Uint8Array(2), "text/plain");
  await watched.put(stagingKey("cd".repeat(16), "1"), new Uint8Array(100), "text/plain");
  expect(activity.report()).toEqual({ bytes: 7, files: [{ jobId: JOB, bytes: 7 }] });
  activity.end(JOB);
  expect(activity.report()).toEqual({ bytes: 0, files: [] });
});

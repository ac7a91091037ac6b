/** Hosts of which some addresses do not answer, in a network namespace in which that is so. */
import { describe, expect, it } from "vitest";
import { canUnshare, runInNamespace } from "../namespace.ts";
import { FAILED, FETCHED, urlOf } from "./inputs.ts";

interface Result {
  readonly url: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
}

interface Seen {
  readonly exitCode: number;
  readonly results: readonly Result[];
}

describe.skipIf(!canUnshare())("a host with several addresses", () => {
  it(`is fetched from at the first attempt if one of them answers (${FETCHED.length} hosts)`, async () => {
    const { exitCode, results } = await runInNamespace<Seen>(new URL("program.ts", import.meta.url));
    const ends = new Map(results.map((result) => [result.url, result]));
    const endOf = (url: string) => {
      const { state, reason, attempts } = ends.get(url) ?? {};
      return { url, state, reason, attempts };
    };
    expect(FETCHED.map((host) => endOf(urlOf(host)))).toEqual(
      FETCHED.map((host) => ({ url: urlOf(host), state: "INDEXED", reason: null, attempts: 1 })),
    );
    expect(FAILED.map((host) => endOf(urlOf(host)))).toEqual(
      FAILED.map((host) => ({
        url: urlOf(host),
        state: "FAILED",
        reason: `retries_exhausted:${host.reason}`,
        attempts: 2,
      })),
    );
    expect(exitCode).toBe(1);
  });
});

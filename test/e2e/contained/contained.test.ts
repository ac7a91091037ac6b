/** What a run must not reach, in a network namespace in which nothing but the product stands before it. */
import { describe, expect, it } from "vitest";
import { canUnshare, runInNamespace } from "../namespace.ts";
import { FETCHED, PORT, PUBLIC_V4, PUBLIC_V6, REFUSED } from "./inputs.ts";

interface Seen {
  readonly exitCode: number;
  readonly reached: readonly string[];
  readonly results: readonly { readonly url: string; readonly state: string; readonly reason: string | null }[];
}

describe.skipIf(!canUnshare())("a run that does not allow private hosts", () => {
  it(`fetches none of ${REFUSED.length} URLs that lead to private addresses or ports, and all others`, async () => {
    const { exitCode, reached, results } = await runInNamespace<Seen>(new URL("program.ts", import.meta.url));
    const byUrl = new Map(results.map((result) => [result.url, result]));
    const wrong = REFUSED.filter((url) => {
      const { reason, state } = byUrl.get(url) ?? {};
      return state !== "FAILED" || !/^(private_address|port_not_allowed:\d+)$/.test(String(reason));
    });
    expect(wrong).toEqual([]);
    expect(FETCHED.map((url) => byUrl.get(url)?.state)).toEqual(FETCHED.map(() => "INDEXED"));
    expect(reached).toEqual([`${PUBLIC_V6} ${PORT}`, `${PUBLIC_V4} ${PORT}`]);
    expect([exitCode, results.length]).toEqual([1, REFUSED.length + FETCHED.length]);
  });
});

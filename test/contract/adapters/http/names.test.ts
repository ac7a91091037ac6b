import type { LookupAddress } from "node:dns";
import { afterEach, expect, it } from "vitest";
import { CheckedLookup } from "../../../../adapters/http/checked-lookup.ts";
import { nodeHttp } from "../../../../adapters/http/node-http.ts";
import { PermanentError } from "../../../../core/model/errors.ts";
import { bodyOf, cleanUp, later, origin, PATIENT, unstopped } from "./http-support.ts";

afterEach(cleanUp);

const LOOPBACK: LookupAddress = { address: "127.0.0.1", family: 4 };

/** A client for which every name leads to the loopback, and an origin there. */
async function started() {
  const asked: string[] = [];
  const url = new URL(await origin((_, response) => response.end("body")));
  url.hostname = "name.example";
  const names = new CheckedLookup((hostname, _, callback) => {
    asked.push(hostname);
    setImmediate(callback, null, [LOOPBACK]);
  });
  const http = nodeHttp(PATIENT, { names });
  later(() => http.close());
  const ask = async (method: "HEAD" | "GET", accepts?: (address: string) => boolean) =>
    http.request({ method, url: url.href, headers: {}, signal: unstopped(), accepts });
  return { ask, asked };
}

it("a name whose addresses are not accepted is refused, and that is final", async () => {
  const { ask } = await started();
  const refused = await ask("GET", () => false).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(PermanentError);
  expect(refused).toMatchObject({ reason: "private_address", failureClass: "policy" });
});

it("the connection goes to the address that was accepted, and the requests of a job ask for it once", async () => {
  const { ask, asked } = await started();
  const seen: string[] = [];
  const accepts = (address: string): boolean => seen.push(address) > 0;
  (await ask("HEAD", accepts)).discard();
  expect(String(await bodyOf(await ask("GET", accepts)))).toBe("body");
  expect(seen[0]).toBe(LOOPBACK.address);
  expect(asked).toEqual(["name.example"]);
});

import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { connect } from "node:net";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
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

/** Nothing listens there. */
const REFUSES: LookupAddress = { address: "127.0.0.2", family: 4 };

/** A client for which the name leads to these addresses. `onAsked` is called when it asks for them. */
function leadingTo(addresses: readonly LookupAddress[], onAsked: () => void = () => undefined) {
  const names = new CheckedLookup((_, __, callback) => {
    onAsked();
    setImmediate(callback, null, addresses);
  });
  const http = nodeHttp(PATIENT, { names });
  later(() => http.close());
  const read = async (port: string): Promise<string> => {
    const request = { method: "GET", headers: {}, signal: unstopped() } as const;
    return String(await bodyOf(await http.request({ ...request, url: `http://name.example:${port}/` })));
  };
  const inOrder = promisify<LookupAddress[]>((callback) =>
    names.accepting(() => true)("name.example", { all: true }, (error, found) =>
      callback(error, found as LookupAddress[]),
    ),
  );
  return { read, inOrder };
}

/** A server that accepts nothing until `wake` is called. What its short queue does not hold is lost on the way. */
async function startSleeper() {
  const bell = new Int32Array(new SharedArrayBuffer(4));
  const sleeper = new Worker(
    `const { parentPort, workerData: bell } = require("node:worker_threads");
     const server = require("node:http").createServer((_, response) => response.end("body"));
     server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(bell, 0, 0));
     });`,
    { eval: true, workerData: bell },
  );
  later(async () => sleeper.terminate());
  const [port] = (await once(sleeper, "message")) as [number];
  const crowd = Array.from({ length: 8 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  later(() => crowd.forEach((socket) => socket.destroy()));
  await once(crowd[0] ?? sleeper, "connect");
  const wake = (): void => {
    Atomics.store(bell, 0, 1);
    Atomics.notify(bell, 0);
  };
  return { port: String(port), wake };
}

describe("of the addresses of a host", () => {
  // Only Linux drops connections that do not fit into the queue of a listener that does not accept.
  it.runIf(process.platform === "linux")(
    "the first is reached though its first packet gets lost, and the others refuse",
    async () => {
      const { port, wake } = await startSleeper();
      const { read } = leadingTo([LOOPBACK, REFUSES], () => setTimeout(wake, 500));
      expect(await read(port)).toBe("body");
    },
  );

  it("the one that answered after another had not is tried first from then on", async () => {
    const { port } = new URL(await origin((_, response) => response.end("body")));
    const { read, inOrder } = leadingTo([REFUSES, LOOPBACK]);
    expect(await inOrder()).toEqual([REFUSES, LOOPBACK]);
    expect(await read(port)).toBe("body");
    expect(await inOrder()).toEqual([LOOPBACK, REFUSES]);
  });
});

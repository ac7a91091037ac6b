/** Servers that speak HTTP/2 alone. The command speaks HTTP/1.1. */
import { once } from "node:events";
import { createSecureServer, createServer, type Http2Server, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { certificateFor } from "../certificates.ts";
import { Bench, expectNoStackTrace } from "../e2e/get/support.ts";

async function portOf(server: Http2Server | Http2SecureServer): Promise<number> {
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200 });
    stream.end("HTTP/2");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it.each(["http", "https"] as const)(
  "over %s: the URL fails, and the reason says that it is no HTTP/1.1",
  async (scheme) => {
    const bench = await Bench.start();
    const { key, cert, authority } = certificateFor(bench.folder);
    const server = scheme === "http" ? createServer() : createSecureServer({ key, cert, ALPNProtocols: ["h2"] });
    const url = `${scheme}://127.0.0.1:${await portOf(server)}/file`;
    const ended = await bench.got([url, "--attempts", "2"], { env: { NODE_EXTRA_CA_CERTS: authority } });
    expect(bench.results()).toMatchObject([{ state: "FAILED", reason: "retries_exhausted:origin_speaks_no_http" }]);
    expect(ended.stdout).toContain("does not speak HTTP");
    expect(ended.code).toBe(1);
    expectNoStackTrace(ended);
  },
);

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerOptions } from "node:https";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { reasonOf } from "../../../../adapters/http/reasons.ts";
import { loopbackEndpoint } from "../../../../local/shared/loopback.ts";
import { certificateFor } from "../../../certificates.ts";
import { cleanUp, client, get, later, read, trouble, troubleOf } from "./http-support.ts";

afterEach(cleanUp);

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fetchonce-certificates-"));
  later(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function secureOrigin(options: ServerOptions): Promise<string> {
  const server = createServer(options, (_, response) => response.end("body")).listen(0, "127.0.0.1");
  await once(server, "listening");
  later(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  return loopbackEndpoint(server).replace("http:", "https:");
}

function trust(authority: string): void {
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, readFileSync(authority, "utf8")]);
  later(() => setDefaultCACertificates(before));
}

describe("a certificate", () => {
  it("whose issuer nobody knows fails with origin_certificate:unknown_issuer", async () => {
    const { key, cert } = certificateFor(temporaryFolder());
    const url = await secureOrigin({ key, cert });
    expect(await troubleOf(get(client(), url))).toEqual(trouble("origin_certificate:unknown_issuer"));
  });

  it("that its owner signed fails with origin_certificate:self_signed", async () => {
    const folder = temporaryFolder();
    certificateFor(folder);
    const [key, cert] = ["ca.key", "ca.pem"].map((name) => readFileSync(join(folder, name)));
    const url = await secureOrigin({ key, cert });
    expect(await troubleOf(get(client(), url))).toEqual(trouble("origin_certificate:self_signed"));
  });

  it("for another name fails with origin_certificate:wrong_name, and for the right one it is accepted", async () => {
    const { key, cert, authority } = certificateFor(temporaryFolder());
    trust(authority);
    const url = await secureOrigin({ key, cert });
    expect(String(await read(client(), url))).toBe("body");
    const elsewhere = url.replace("127.0.0.1", "localhost");
    expect(await troubleOf(get(client(), elsewhere))).toEqual(trouble("origin_certificate:wrong_name"));
  });

  it.each([
    ["CERT_HAS_EXPIRED", "expired"],
    ["CERT_NOT_YET_VALID", "not_yet_valid"],
    ["CERT_REVOKED", "revoked"],
    ["INVALID_PURPOSE", "unfit"],
    ["CERT_SIGNATURE_FAILURE", "damaged"],
  ])("that Node refuses with %s has the reason origin_certificate:%s", (code, short) => {
    expect(reasonOf(Object.assign(new Error("refused"), { code }))).toBe(`origin_certificate:${short}`);
  });
});

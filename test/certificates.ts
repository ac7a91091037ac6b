/** A certificate for 127.0.0.1 and some names, from an authority that nobody knows. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** Path of the authority's certificate: for `NODE_EXTRA_CA_CERTS`. */
  readonly authority: string;
}

const LASTS = ["-days", "30"];
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes it in `folder`, with the command `openssl`. */
export function certificateFor(folder: string, names: readonly string[] = []): Certificate {
  const at = (file: string): string => join(folder, file);
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
  openssl("req", "-x509", ...NEW_KEY, ...LASTS, "-subj", "/CN=test", "-keyout", at("ca.key"), "-out", at("ca.pem"));
  openssl("req", ...NEW_KEY, "-subj", "/CN=origin", "-keyout", at("origin.key"), "-out", at("origin.csr"));
  const alternatives = ["IP:127.0.0.1", ...names.map((name) => `DNS:${name}`)];
  writeFileSync(at("origin.ext"), `subjectAltName=${alternatives.join(",")}\n`);
  const signed = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-extfile", at("origin.ext")];
  openssl("x509", "-req", "-in", at("origin.csr"), ...signed, ...LASTS, "-out", at("origin.pem"));
  const [key = "", cert = ""] = ["origin.key", "origin.pem"].map((file) => readFileSync(at(file), "utf8"));
  return { key, cert, authority: at("ca.pem") };
}

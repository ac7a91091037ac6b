import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../infra/synthesize.ts";

const outdir = temporaryFolder();

describe("npx cdk synth -c env=prod", () => {
  it("needs no account and no network", { timeout: 120_000 }, () => {
    const folder = path.join(outdir, "cli");
    const run = spawnSync("npx", ["cdk", "synth", "-c", "env=prod", "--no-notices", "-q", "-o", folder], {
      // Nothing listens on port 9, so every request to the network is refused.
      env: {
        PATH: process.env["PATH"],
        HOME: outdir,
        HTTPS_PROXY: "http://127.0.0.1:9",
        HTTP_PROXY: "http://127.0.0.1:9",
      },
      encoding: "utf8",
    });
    expect({ status: run.status, errors: run.stderr.match(/^.*error.*$/gim) }).toEqual({ status: 0, errors: null });
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(["Fetchonce.template.json", "FetchoncePipeline.template.json"]),
    );
  });
});

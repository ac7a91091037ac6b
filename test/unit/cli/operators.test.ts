import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { operate } from "../../../cli/operators/run.ts";
import { operated, operatorsDeps } from "./operated.ts";

describe("an operators' command", () => {
  it("ends with exit code 130 when it is interrupted, whatever it waits for", async () => {
    const interrupt = new AbortController();
    const surroundings = { stdout: new PassThrough(), stderr: new PassThrough(), signal: interrupt.signal };
    const asked = Promise.withResolvers<void>();
    const deps = operatorsDeps({
      addressesOf: async () => {
        asked.resolve();
        return new Promise(() => undefined);
      },
    });
    const code = operate({ command: "status", args: { stack: "fetchonce-prod", json: false } }, surroundings, deps);
    await asked.promise;
    interrupt.abort();
    expect([await code, surroundings.stderr.read()]).toEqual([130, null]);
  });

  it.each([
    Object.assign(new Error("not you"), { name: "AccessDeniedException", $metadata: {} }),
    Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }),
  ])("says what to look at if AWS answers or ends with $name", async (trouble) => {
    const pagesOf = () => ({ page: async () => Promise.reject(trouble) });
    expect(await operated(["jobs", "--stack", "fetchonce-prod"], { pagesOf })).toEqual({
      code: 1,
      stdout: "",
      stderr:
        `jobs: AWS could not be asked: ${trouble.name}: ${trouble.message}. Check the region, the network, and what the ` +
        "credentials may do: npm start -- jobs --help says what it needs.\n",
    });
  });

  it("is one of the commands that help lists, and has a help of its own", async () => {
    const help = await operated(["--help"]);
    for (const command of ["status", "jobs", "timeline", "open", "verify", "gate", "hosts", "redrive"]) {
      expect(help.stdout).toMatch(new RegExp(`^  ${command} `, "m"));
      const { code, stdout } = await operated([command, "--help"]);
      expect([code, stdout]).toEqual([0, expect.stringMatching(new RegExp(`^Usage: fetchonce ${command} `))]);
      expect(stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
    }
  });
});

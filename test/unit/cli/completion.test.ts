import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseArguments } from "../../../cli/get/arguments.ts";
import { UsageError } from "../../../cli/terminal/usage-error.ts";

function scriptOf(shell: string): string {
  const printed = parseArguments(["completion", shell], {}, "1.2.3");
  if (typeof printed !== "string") throw new TypeError("It is a run, not a text.");
  return printed;
}
const has = (shell: string): boolean => spawnSync(shell, ["--version"]).error === undefined;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fetchonce-completion-"));
  mkdirSync(join(folder, "my papers"));
  writeFileSync(join(folder, "urls.txt"), "");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("bash", () => {
  /** @param words as bash cuts the line, the last one being completed. */
  function completed(...words: readonly string[]): readonly string[] {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const program = `${scriptOf("bash")}
      COMP_WORDS=(fetchonce ${quoted}); COMP_CWORD=${words.length}
      _fetchonce; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const text = execFileSync("bash", ["--norc", "-c", program], { cwd: folder, encoding: "utf8" });
    return text.split("\n").filter((line) => line !== "");
  }

  it("registers the function, and leaves to readline what it does not know", () => {
    const registered = execFileSync("bash", ["--norc", "-c", `${scriptOf("bash")}\ncomplete -p fetchonce`]);
    expect(String(registered)).toBe("complete -o default -F _fetchonce fetchonce\n");
  });

  it("completes commands in the first place, and only there", () => {
    expect(completed("")).toEqual(
      "get demo submit status jobs batch cancel priority timeline tail open verify gate hosts redrive completion help".split(
        " ",
      ),
    );
    expect(completed("com")).toEqual(["completion"]);
    expect(completed("get", "de")).toEqual([]);
  });

  it("completes the options of the command, and of get if none is named", () => {
    expect(completed("get", "--re")).toEqual(["--results", "--retry-failed", "--refresh"]);
    expect(completed("https://a.example/", "--ver")).toEqual(["--verify"]);
    expect(completed("--ver")).toEqual(["--version", "--verify"]);
    expect(completed("completion", "-")).toEqual(["-h", "--help"]);
  });

  it("completes the values that an option can have, also after =", () => {
    expect(completed("get", "--format", "")).toEqual(["txt", "csv", "tsv", "jsonl", "parquet"]);
    expect(completed("get", "--format", "=")).toEqual(["txt", "csv", "tsv", "jsonl", "parquet"]);
    expect(completed("get", "--format", "=", "t")).toEqual(["txt", "tsv"]);
    expect(completed("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(completed("help", "ge")).toEqual(["get"]);
  });

  it("completes the commands of a command, and their options", () => {
    expect(completed("hosts", "")).toEqual(["status", "show", "top", "set", "unset"]);
    expect(completed("gate", "set", "--st")).toEqual(["--stack"]);
    expect(completed("redrive", "failed", "--class", "")).toEqual(["origin", "policy", "system"]);
    expect(completed("jobs", "--state", "F")).toEqual(["FINALIZED", "FAILED"]);
  });

  it("completes folders where an option wants one, blanks included", () => {
    expect(completed("get", "--out", "")).toEqual(["my papers"]);
    expect(completed("-o", "")).toEqual(["my papers"]);
  });

  it("leaves files to readline", () => {
    expect(completed("get", "ur")).toEqual([]);
    expect(completed("get", "--results", "")).toEqual([]);
  });
});

describe.skipIf(!has("fish"))("fish, where it is installed", () => {
  function completed(line: string): readonly string[] {
    const program = `${scriptOf("fish")}\ncomplete -C '${line}'`;
    const text = execFileSync("fish", ["--no-config", "-c", program], { cwd: folder, encoding: "utf8" });
    return text.split("\n").flatMap((each) => each.split("\t")[0] || []);
  }

  it("completes commands, and files, in the first place", () => {
    expect(completed("fetchonce ")).toEqual(expect.arrayContaining(["get", "demo", "completion", "help", "urls.txt"]));
  });

  it("completes options and their values", () => {
    expect(completed("fetchonce --retr")).toEqual(["--retry-failed"]);
    expect(completed("fetchonce get --format t")).toEqual(["tsv", "txt"]);
    expect(completed("fetchonce completion ")).toEqual(["bash", "fish", "zsh"]);
    expect(completed("fetchonce get --out m")).toEqual(["my papers/"]);
  });
});

describe.skipIf(!has("zsh"))("zsh, where it is installed", () => {
  it("can read the script", () => {
    const { status, stderr } = spawnSync("zsh", ["-n"], { input: scriptOf("zsh"), encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

describe("any other shell", () => {
  it("is refused, with the shells that are known", () => {
    expect(() => scriptOf("tcsh")).toThrow(UsageError);
    expect(() => scriptOf("tcsh")).toThrow("Allowed choices are bash, zsh, fish.");
  });
});

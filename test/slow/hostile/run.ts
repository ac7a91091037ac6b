/** Runs the real command over the cases, and keeps what it said and left behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { MAIN, type Ended, type Result } from "../../e2e/get/support.ts";
import { MOST_ATTEMPTS, type HostileCase, type RunName } from "./case.ts";
import type { HostileOrigin } from "./origin.ts";

const MIB = 1024 * 1024;
/** Of the strict run. */
export const STRICT_MOST_BYTES = MIB;

/** Each case is an origin by itself: what one does is not to slow the others down. */
const COMMON = [
  "--host-limit",
  "*=unlimited",
  "--workers",
  "2",
  "-j",
  "96",
  "--allow-private-hosts",
  "--attempts",
  String(MOST_ATTEMPTS),
];
const TIMES = ["--timeout", "2", "--connect-timeout", "2", "--longest-wait", "2"];
const OPTIONS: Readonly<Record<RunName, readonly string[]>> = {
  usual: [],
  strict: ["--most-bytes", String(STRICT_MOST_BYTES), "--most-redirects", "2", "--names", "header"],
  patient: ["--least-speed", "0"],
};

interface ResultLine extends Result {
  readonly state: string;
  readonly url: string;
  readonly reason: string | null;
  readonly path: string | null;
  readonly key: string | null;
}

/** What became of one case. */
export interface Outcome {
  readonly result: ResultLine | undefined;
  readonly failureClass: string | undefined;
  /** Of the file below files/. */
  readonly sha256: string | undefined;
}

export class HostileRun {
  readonly ended: Ended;
  readonly cases: readonly HostileCase[];
  readonly out: string;
  readonly #results: ReadonlyMap<unknown, ResultLine>;
  readonly #classes: ReadonlyMap<unknown, string>;

  constructor(ended: Ended, cases: readonly HostileCase[], out: string) {
    this.ended = ended;
    this.cases = cases;
    this.out = out;
    this.#results = new Map(
      (linesOf(join(out, "results.jsonl")) as readonly ResultLine[]).map((line) => [line["artifact_id"], line]),
    );
    this.#classes = new Map(
      (linesOf(join(out, "events.jsonl")) as readonly Result[]).flatMap(({ failure_class, job_id }) =>
        typeof failure_class === "string" ? [[job_id, failure_class]] : [],
      ),
    );
  }

  outcome({ name }: HostileCase): Outcome {
    const result = this.#results.get(name);
    const path = result?.path ?? undefined;
    return {
      result,
      failureClass: this.#classes.get(result?.["job_id"]),
      sha256: path === undefined ? undefined : digestOf(join(this.out, "files", path)),
    };
  }

  /** What is left below the folder that must be empty after a run. */
  get staging(): readonly string[] {
    return globSync("**/*", { cwd: join(this.out, ".fetchonce/staging"), withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  }
}

/** A run that hangs is killed, so that all its other cases are judged. */
const LONGEST_RUN_MS = 90_000;

/** Every process of the command has the folder's path in its environment. */
const MARK = "FETCHONCE_HOSTILE_RUN";

export async function runHostile(
  name: RunName,
  cases: readonly HostileCase[],
  origin: HostileOrigin,
  folder: string,
): Promise<HostileRun> {
  const list = join(folder, `${name}.jsonl`);
  const out = join(folder, name);
  const lines = cases.map((each) =>
    JSON.stringify({ artifact_id: each.name, url: origin.urlOf(each), sha256: each.sha256 }),
  );
  await writeFile(list, `${lines.join("\n")}\n`);
  const args = ["get", list, "--out", out, ...COMMON, ...TIMES, ...OPTIONS[name]];
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, [MARK]: out },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const kill = (): void => void child.kill("SIGKILL");
  const patience = setTimeout(kill, LONGEST_RUN_MS);
  process.once("exit", kill);
  await once(child, "close");
  process.off("exit", kill);
  clearTimeout(patience);
  return new HostileRun({ code: child.exitCode ?? -1, stdout, stderr }, cases, out);
}

/** Processes of the run that are still there. */
export const processesOf = ({ out }: HostileRun): readonly string[] =>
  globSync("/proc/[0-9]*/environ").filter((path) => {
    try {
      return readFileSync(path, "latin1").includes(`${MARK}=${out}\0`);
    } catch {
      // It has ended, or is another user's.
      return false;
    }
  });

function linesOf(path: string): readonly unknown[] {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

const digestOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

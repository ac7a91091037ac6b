import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { cpuSeconds, peakBytes } from "../harness/process-figures.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const LOOK_EVERY_MS = 50;

const document = z.object({ sent_now: z.number(), done: z.boolean(), elapsed_ms: z.number() });

export interface Submission {
  /** From the start of the process to its end. */
  readonly ms: number;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
  /** What it printed. Undefined: it was killed. */
  readonly told: z.infer<typeof document> | undefined;
}

/**
 * Runs `fetchonce submit` in a process of its own.
 * @param isEnough is asked again and again; once it says so, the process is killed.
 */
export async function submission(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  isEnough: () => Promise<boolean> = async () => false,
): Promise<Submission> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN, "submit", ...args, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], ...environment },
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  const pid = child.pid ?? 0;
  const figures = { peakBytes: 0, cpuSeconds: 0 };
  const closed = once(child, "close");
  while (child.exitCode === null && child.signalCode === null) {
    // It may end while it is looked at.
    figures.peakBytes = await peakBytes(pid).catch(() => figures.peakBytes);
    figures.cpuSeconds = await cpuSeconds(pid).catch(() => figures.cpuSeconds);
    if (await isEnough()) child.kill("SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  await closed;
  const ms = performance.now() - startedMs;
  if (child.signalCode === "SIGKILL") return { ...figures, ms, told: undefined };
  if (child.exitCode !== 0)
    throw new Error(`fetchonce submit ended with ${child.exitCode}. Its output above says why.`);
  return { ...figures, ms, told: document.parse(JSON.parse(out)) };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const PROGRAM = fileURLToPath(new URL("usage.py", import.meta.url));
const LAST_WORDS = 2000;

const report = z.object({
  exitCode: z.number(),
  /** Processes were killed: the run was interrupted, or some of them outlived the command. */
  wasStopped: z.boolean(),
  startedAtMs: z.number(),
  /** Until the command itself ended. */
  seconds: z.number(),
  /** User and system time of the command and all of its descendants. */
  cpuSeconds: z.number(),
  /** The highest resident memory of the command's own process. */
  peakBytes: z.number(),
});

export type Usage = Omit<z.infer<typeof report>, "exitCode" | "wasStopped">;

/** No proxy, no locale and no settings of the user's own reach what is measured. */
const ENVIRONMENT = { PATH: process.env["PATH"], HOME: process.env["HOME"], LC_ALL: "C.UTF-8" };

/**
 * Runs a command to its end, in a session of its own.
 * @throws Error with its last output if it fails, or if it leaves processes running. The signal's reason if it aborts.
 */
export async function usageOf(command: readonly string[], cwd: string, signal: AbortSignal): Promise<Usage> {
  signal.throwIfAborted();
  const child = spawn("python3", [PROGRAM, ...command], { cwd, env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] });
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  try {
    const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    signal.throwIfAborted();
    const shown = `${command.join(" ")}\n${said.slice(-LAST_WORDS)}`;
    if (child.exitCode !== 0) throw new Error(`This could not be measured: ${shown}`);
    const { exitCode, wasStopped, ...usage } = report.parse(JSON.parse(printed));
    if (exitCode !== 0) throw new Error(`This ended with exit code ${exitCode}: ${shown}`);
    if (wasStopped) throw new Error(`This left processes running, which are killed now: ${shown}`);
    return usage;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

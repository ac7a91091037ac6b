/** Reads memory and CPU time of a process from Linux's /proc. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { KIB } from "./measurement.ts";

/** Linux uses 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
const RESET_PEAK = "5";

export function requireProc(): void {
  if (existsSync("/proc/self/clear_refs")) return;
  throw new Error("This measurement reads /proc, which only Linux has. Run it on Linux, for example in a container.");
}

async function statusOf(pid: number, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${field}.`);
  return Number(kib) * KIB;
}

/** @returns the resident memory in bytes. `peakBytes` counts from here on. */
export async function resetPeak(pid: number): Promise<number> {
  await writeFile(`/proc/${pid}/clear_refs`, RESET_PEAK);
  return statusOf(pid, "VmRSS");
}

/** The highest resident memory in bytes since `resetPeak`. */
export const peakBytes = async (pid: number): Promise<number> => statusOf(pid, "VmHWM");

/** CPU seconds of all threads so far, in user and system mode. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [afterName[11], afterName[12]];
  return (Number(user) + Number(system)) / TICKS_PER_SECOND;
}

/** Linux only: the processes of a command, and which of them are connected to whom. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const ESTABLISHED = "01";

export const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

/** Those of the processes that have a connection to the port of 127.0.0.1. */
export function connectedTo(port: number, pids: readonly number[]): readonly number[] {
  const sockets = new Set(
    readFileSync("/proc/net/tcp", "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, , remote = "", state]) => state === ESTABLISHED && Number.parseInt(remote.split(":")[1] ?? "", 16) === port,
      )
      .map((fields) => `socket:[${fields[9]}]`),
  );
  return pids.filter((pid) => descriptorsOf(pid).some((descriptor) => sockets.has(descriptor)));
}

function descriptorsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // It has just ended, or closed one.
    return [];
  }
}

/** A network and mount namespace of a test's own: its addresses, routes and names are whatever the test wants. */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const NAMESPACE = ["-n", "-m"];
/** Less than a test may take, so that no program outlives it. */
const LONGEST_MS = 100_000;

export const canUnshare = (): boolean =>
  spawnSync("unshare", [...NAMESPACE, "ip", "link", "set", "lo", "up"]).status === 0;

/** Runs a program in a new namespace. @returns what it prints, which must be JSON. */
export async function runInNamespace<Seen>(program: URL): Promise<Seen> {
  const args = [...NAMESPACE, process.execPath, fileURLToPath(program)];
  const { stdout } = await promisify(execFile)("unshare", args, { timeout: LONGEST_MS, killSignal: "SIGKILL" });
  return JSON.parse(stdout) as Seen;
}

/** Of `ip`, inside of the namespace. */
export const ip = (line: string): void => void execFileSync("ip", line.split(" "), { stdio: "ignore" });

/** Gives the namespace a loopback with these addresses. */
export function useLoopback(addresses: readonly string[]): void {
  ip("link set lo up");
  for (const address of addresses)
    ip(address.includes(":") ? `-6 addr add ${address}/128 dev lo nodad` : `addr add ${address}/32 dev lo`);
}

/** Gives the namespace names: the lines of `/etc/hosts`, and then a DNS server on 127.0.0.1. */
export function useNames(folder: string, hosts: readonly string[]): void {
  for (const [name, lines] of [
    ["hosts", hosts],
    ["resolv.conf", ["nameserver 127.0.0.1"]],
    ["nsswitch.conf", ["hosts: files dns"]],
  ] as const) {
    writeFileSync(join(folder, name), lines.map((line) => `${line}\n`).join(""));
    execFileSync("mount", ["--bind", join(folder, name), `/etc/${name}`]);
  }
}

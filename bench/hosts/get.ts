import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../harness/temporary-folder.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

export interface Get {
  readonly pid: number;
  /** Settles when the command has ended. @throws Error if a file failed, which makes the measurement void. */
  readonly ended: Promise<void>;
}

/** Runs `fetchonce get` over the URLs. The folder and the process end with the scope. */
export async function startGet(
  scope: AsyncDisposableStack,
  urls: readonly string[],
  options: readonly string[],
  onStored: (url: string) => void = () => undefined,
): Promise<Get> {
  const { path } = scope.use(await temporaryFolder());
  const list = join(path, "list.txt");
  await writeFile(list, urls.map((url) => `${url}\n`).join(""));
  const args = [MAIN, "get", list, "--out", join(path, "out"), "--allow-private-hosts", "--json", ...options];
  const command = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  scope.defer(async () => {
    command.kill("SIGTERM");
    if (command.exitCode === null && command.signalCode === null) await once(command, "exit");
  });
  return { pid: command.pid ?? 0, ended: allStored(command, urls, onStored) };
}

async function allStored(
  command: ChildProcess & { readonly stdout: NodeJS.ReadableStream },
  urls: readonly string[],
  onStored: (url: string) => void,
): Promise<void> {
  const closed = once(command, "close");
  const open = new Set(urls);
  for await (const text of createInterface(command.stdout)) {
    const { reason, type, url } = JSON.parse(text) as Readonly<Record<string, string | null>>;
    if (type !== "result") continue;
    if (reason !== null) throw new Error(`${url} ended as ${reason}, so the measurement is void. Run it again.`);
    open.delete(String(url));
    onStored(String(url));
  }
  await closed;
  if (open.size > 0) throw new Error(`${open.size} files did not end, so the measurement is void.`);
}

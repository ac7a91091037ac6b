import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerKind } from "./kinds/kind.ts";
import { writeSite } from "./site.ts";
import { freePort } from "../embedded-aws/free-port.ts";
import { Wire } from "./wire.ts";

const STARTS_WITHIN_MS = 30_000;

const listens = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

export interface RunningServer {
  readonly folder: string;
  readonly root: string;
  /** What the command is given leads through it. */
  readonly wire: Wire;
  stop(): Promise<void>;
}

/** Starts a server on 127.0.0.1, whose files, configuration and logs are in a folder that `stop` removes. */
export async function startServer(kind: ServerKind): Promise<RunningServer> {
  if (kind.program === undefined) throw new Error(`${kind.name} is not installed. ${kind.install}`);
  const folder = mkdtempSync(join(tmpdir(), "fetchonce-servers-"));
  const place = { folder: join(folder, "server"), root: join(folder, "site"), port: await freePort() };
  mkdirSync(place.folder);
  writeSite(place.root);
  const server = spawn(kind.program, kind.configure(place), {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: place.folder, XDG_CONFIG_HOME: place.folder, XDG_DATA_HOME: place.folder },
  });
  let said = "";
  server.stderr.on("data", (text: Buffer) => (said += text.toString()));
  const ended = once(server, "exit");
  const stop = async (): Promise<void> => {
    server.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const deadline = performance.now() + STARTS_WITHIN_MS;
  while (!(await listens(place.port))) {
    if (server.exitCode === null && performance.now() < deadline) await sleep(50);
    else {
      await stop();
      throw new Error(`${kind.name} does not listen. It said: ${said}`);
    }
  }
  const wire = await Wire.to(place.port);
  return {
    folder,
    root: place.root,
    wire,
    async stop() {
      wire.stop();
      await stop();
    },
  };
}

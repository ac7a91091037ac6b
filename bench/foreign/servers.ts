/** HTTP servers that others wrote. Each is started as a process of its own on a free port of 127.0.0.1. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../../test/embedded-aws/free-port.ts";

interface Place {
  /** The folder that it serves. */
  readonly tree: string;
  /** An empty folder for the files that it writes. */
  readonly scratch: string;
  readonly port: number;
}

export interface ServerKind {
  readonly name: string;
  readonly commands: readonly string[];
  readonly howToInstall: string;
  readonly versionArguments: readonly string[];
  readonly hasRanges: boolean;
  /** Its log has a line for each request: status, body bytes sent, path. */
  readonly logsBytes: boolean;
  prepare(place: Place): Promise<readonly string[]>;
}

export const LOG = "access.log";
const APACHE_MODULES = ["mpm_event", "authz_core", "mime", "dir"];
const APACHE_MODULE_FOLDER = "/usr/lib/apache2/modules";

export const nginx: ServerKind = {
  name: "nginx",
  commands: ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx"],
  howToInstall: "apt-get install nginx-light",
  versionArguments: ["-v"],
  hasRanges: true,
  logsBytes: true,
  async prepare({ tree, scratch, port }) {
    const config = join(scratch, "nginx.conf");
    await writeFile(
      config,
      `daemon off;
      worker_processes 2;
      pid ${scratch}/nginx.pid;
      error_log stderr;
      events {}
      http {
        include /etc/nginx/mime.types;
        sendfile on;
        log_format bytes '$status $body_bytes_sent $request_uri $msec';
        access_log ${scratch}/${LOG} bytes;
        client_body_temp_path ${scratch}/body; proxy_temp_path ${scratch}/proxy; fastcgi_temp_path ${scratch}/fastcgi;
        uwsgi_temp_path ${scratch}/uwsgi; scgi_temp_path ${scratch}/scgi;
        server { listen 127.0.0.1:${port}; root ${tree}; }
      }`,
    );
    return ["-p", scratch, "-e", "stderr", "-c", config];
  },
};

const apache: ServerKind = {
  name: "Apache httpd",
  commands: ["/usr/sbin/apache2"],
  howToInstall: "apt-get install apache2",
  versionArguments: ["-v"],
  hasRanges: true,
  logsBytes: true,
  async prepare({ tree, scratch, port }) {
    const config = join(scratch, "httpd.conf");
    const modules = APACHE_MODULES.map((name) => `LoadModule ${name}_module ${APACHE_MODULE_FOLDER}/mod_${name}.so`);
    await writeFile(
      config,
      `ServerRoot ${scratch}
      ServerName 127.0.0.1
      Listen 127.0.0.1:${port}
      PidFile ${scratch}/httpd.pid
      Mutex file:${scratch}
      ErrorLog ${scratch}/error.log
      ${modules.join("\n")}
      User www-data
      Group www-data
      TypesConfig /etc/mime.types
      LogFormat "%>s %O %U" bytes
      CustomLog ${scratch}/${LOG} bytes
      DocumentRoot ${tree}
      <Directory ${tree}>
        Require all granted
      </Directory>\n`,
    );
    return ["-d", scratch, "-f", config, "-DFOREGROUND"];
  },
};

const python: ServerKind = {
  name: "Python http.server",
  commands: ["/usr/bin/python3", "/usr/local/bin/python3"],
  howToInstall: "apt-get install python3",
  versionArguments: ["--version"],
  hasRanges: false,
  logsBytes: false,
  prepare: ({ tree, port }) =>
    Promise.resolve(["-m", "http.server", "--bind", "127.0.0.1", "--directory", tree, String(port)]),
};

export const SERVER_KINDS: readonly ServerKind[] = [nginx, apache, python];

export interface ForeignServer extends AsyncDisposable {
  readonly url: string;
  /** Body bytes that it has logged for requests of this path. Undefined if it logs no sizes. */
  bytesSentFor(urlPath: string): Promise<number | undefined>;
}

const LONGEST_START_MS = 10_000;

export const commandOf = ({ commands }: ServerKind): string | undefined => commands.find((path) => existsSync(path));

export async function versionOf(kind: ServerKind, command: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(command, [...kind.versionArguments]);
  return `${stdout}${stderr}`.split("\n")[0]?.replace(/^.*version: /, "") ?? "";
}

export async function startForeignServer(
  kind: ServerKind,
  command: string,
  tree: string,
  scratch: string,
): Promise<ForeignServer> {
  await mkdir(scratch);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(command, [...(await kind.prepare({ tree, scratch, port }))], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let lastWords = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-1000);
  });
  const ended = once(server, "exit");
  const stop = async (): Promise<void> => {
    server.kill("SIGTERM");
    await ended;
  };

  const endMs = Date.now() + LONGEST_START_MS;
  while (!(await answers(url))) {
    if (server.exitCode !== null)
      throw new Error(`${kind.name} exited with ${server.exitCode}. Its last output:\n${lastWords}`);
    if (Date.now() > endMs) {
      await stop();
      throw new Error(
        `${kind.name} did not answer at ${url} within ${LONGEST_START_MS / 1000} s. Its last output:\n${lastWords}`,
      );
    }
    await sleep(100);
  }
  return {
    url,
    bytesSentFor: async (urlPath) => (kind.logsBytes ? bytesIn(join(scratch, LOG), urlPath) : undefined),
    [Symbol.asyncDispose]: stop,
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function bytesIn(log: string, urlPath: string): Promise<number> {
  const lines = (await readFile(log, "utf8")).split("\n").map((line) => line.split(" "));
  return lines.reduce((sum, [, bytes, path]) => (path === urlPath ? sum + Number(bytes) : sum), 0);
}

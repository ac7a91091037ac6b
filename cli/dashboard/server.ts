import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { IS_BUILT } from "../../local/shared/built.ts";
import { listen } from "../../local/shared/loopback.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { LiveRun } from "./live-run.ts";
import { readTimeline } from "./timeline.ts";

export interface Dashboard {
  readonly url: string;
  stop(): Promise<void>;
}

const inPage = (name: string): URL => new URL(`page/${name}`, import.meta.url);
const FILES: ReadonlyMap<string, URL> = new Map([
  ["/", inPage("index.html")],
  ...["page.css", "page.js", "charts.js", "format.js", "jobs.js", "elements.js"].map(
    (name) => [`/${name}`, inPage(name)] as const,
  ),
  ["/uplot.js", IS_BUILT ? inPage("uplot.js") : new URL(import.meta.resolve("uplot/dist/uPlot.iife.min.js"))],
  ["/uplot.css", IS_BUILT ? inPage("uplot.css") : new URL(import.meta.resolve("uplot/dist/uPlot.min.css"))],
]);
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/**
 * Serves a page about the run on the loopback interface, for this machine only.
 * @param port 0 chooses a free port.
 * @throws UsageError if the port cannot be used.
 */
export async function startDashboard(port: number, run: LiveRun, outDir: string): Promise<Dashboard> {
  const eventsPath = join(outDir, "events.jsonl");
  const server = createServer((request, response) => {
    answer(request, run, eventsPath)
      .catch((error: unknown): Answer => ({ status: 500, text: String(error) }))
      .then((found) => send(response, found))
      .catch(() => response.destroy());
  });
  try {
    const { endpoint, stop } = await listen(server, port);
    return { url: `${endpoint}/`, stop };
  } catch (error) {
    throw new UsageError(describeRefusal(port, error), { cause: error });
  }
}

function describeRefusal(port: number, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = { EADDRINUSE: "it is in use", EACCES: "permission denied" };
  return (
    `The dashboard cannot use port ${port}: ${reasons[code ?? ""] ?? message}. ` +
    "Choose another port, or write --dashboard without a port to get a free one."
  );
}

interface Answer {
  readonly status: number;
  readonly text: string | Buffer;
  readonly type?: string | undefined;
}

const json = (value: unknown): Answer => ({ status: 200, text: JSON.stringify(value), type: "application/json" });

async function answer(request: IncomingMessage, run: LiveRun, eventsPath: string): Promise<Answer> {
  // Guards against DNS rebinding: another site can point its own host name at 127.0.0.1, but cannot send this Host.
  const { host = "" } = request.headers;
  if (!/^(127\.0\.0\.1|localhost):\d+$/.test(host))
    return { status: 421, text: "This server does not serve that host name. Use 127.0.0.1 or localhost." };
  if (request.method !== "GET") return { status: 405, text: "Only GET is supported." };
  const { pathname, searchParams } = new URL(request.url ?? "/", `http://${host}`);

  const file = FILES.get(pathname);
  if (file) return { status: 200, text: await readFile(file), type: TYPES[extname(file.pathname)] };
  if (pathname === "/status") {
    const after = wholeNumber(searchParams.get("after"));
    return after === undefined ? wrong("after") : json(run.status(after));
  }
  if (pathname === "/jobs") return json(run.jobsIn(searchParams.get("state") ?? ""));
  if (pathname === "/timeline") {
    const jobId = searchParams.get("job") ?? "";
    const from = wholeNumber(searchParams.get("from"));
    if (!/^[0-9a-f]{32}$/.test(jobId)) return wrong("job");
    return from === undefined ? wrong("from") : json(await readTimeline(eventsPath, jobId, from));
  }
  return { status: 404, text: "There is no such page." };
}

const wrong = (parameter: string): Answer => ({ status: 400, text: `The parameter ${parameter} is not valid.` });

/** @returns 0 if the parameter is absent, undefined if it is not a whole number. */
const wholeNumber = (text: string | null): number | undefined => {
  if (text === null) return 0;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
};

function send(response: ServerResponse, { status, text, type = "text/plain; charset=utf-8" }: Answer): void {
  response.writeHead(status, { ...HEADERS, "content-type": type }).end(text);
}

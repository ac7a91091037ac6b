/** Options about how origins are dealt with. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { secretIn } from "../../adapters/node/secret-text.ts";
import { rule as hostRule } from "../../core/flow/host-limits.ts";
import type { HostRule } from "../../core/flow/host-rule.ts";
import { headerProblem } from "../../core/model/order.ts";
import { reachOf } from "../../core/origin/reach.ts";
import { USUAL_WEB, type WebChoices } from "../../local/settings.ts";
import { limitsIn } from "../shared/host-limit.ts";
import { wholeNumber } from "../terminal/parse-command.ts";

const MOST_SECONDS = 24 * 3600;
const MOST_REDIRECTS = 1_000;
/** More from one host would be rude. */
const MOST_RANGES = 16;

/** What these options are parsed to. */
export interface WebOptions {
  readonly allowPrivateHosts?: true;
  readonly allow?: readonly string[];
  readonly timeout?: number;
  readonly connectTimeout?: number;
  readonly leastSpeed?: number;
  readonly longestWait?: number;
  readonly mostRedirects?: number;
  readonly robots?: true;
  readonly ranges?: number;
  readonly hostLimit?: readonly HostRule[];
  readonly mostBytes?: number;
  readonly keepEncoding?: true;
  readonly secrets?: string;
  readonly userAgent?: string;
  readonly header?: readonly HeaderOption[];
}

/** A request header, for one host or pattern or for all. */
interface HeaderOption {
  readonly host: string | undefined;
  readonly name: string;
  readonly value: string;
}

export function describeWeb(command: Command): Command {
  return command
    .option("--allow-private-hosts", "also download from private and loopback addresses, and from all ports")
    .option(
      "--allow <WHAT>",
      "also reach WHAT: a network (10.0.0.0/8), a host or *.DOMAIN, a port (:21), or https-to-http; repeatable",
      opened,
    )
    .option("--timeout <SECONDS>", `longest silence of an origin (default: ${USUAL_WEB.timeoutMs / 1000})`, duration)
    .option(
      "--connect-timeout <SECONDS>",
      `longest wait for a connection (default: ${USUAL_WEB.connectTimeoutMs / 1000})`,
      duration,
    )
    .option(
      "--least-speed <BYTES>",
      `give up an origin that sends less a second during --timeout; 0: never (default: ${USUAL_WEB.leastBytesPerSecond})`,
      wholeNumber(0, Number.MAX_SAFE_INTEGER, "a whole number of bytes"),
    )
    .option(
      "--longest-wait <SECONDS>",
      `longest wait that an origin may ask for (default: ${USUAL_WEB.longestWaitMs / 1000})`,
      duration,
    )
    .option(
      "--most-redirects <N>",
      `redirects that are followed for one URL (default: ${USUAL_WEB.mostRedirects})`,
      wholeNumber(0, MOST_REDIRECTS, `a whole number from 0 to ${MOST_REDIRECTS}`),
    )
    .option("--robots", "ask for each host's robots.txt first, and obey it")
    .option(
      "--ranges <N>",
      `connections for one large file, if they make it faster; 1: one (default: ${USUAL_WEB.mostRanges})`,
      wholeNumber(1, MOST_RANGES, `a whole number from 1 to ${MOST_RANGES}`),
    )
    .option(
      "--host-limit <LIMIT>",
      "HOST=CONNECTIONS, HOST=N/s (requests a second), both (HOST=4,2/s), or HOST=unlimited; HOST may be *.DOMAIN or *; repeatable",
      hostLimit,
    )
    .option(
      "--most-bytes <N>",
      "larger files fail",
      wholeNumber(1, Number.MAX_SAFE_INTEGER, "a whole number of bytes from 1"),
    )
    .option("--keep-encoding", "store what comes with a Content-Encoding as it came, instead of decoded")
    .option("--secrets <FILE>", "JSON file of the secrets that the list's auth fields name", secretsFile)
    .option("--user-agent <TEXT>", "User-Agent of all requests (default: fetchonce and its version)", headerValue)
    .option("--header <HEADER>", "also send 'NAME: VALUE', or 'HOST=NAME: VALUE' to one host; repeatable", header);
}

/** @param version goes into the User-Agent: an honest name. */
export function webChoices(options: WebOptions, version: string): WebChoices {
  const { userAgent = `fetchonce/${version}`, header: headers = [] } = options;
  const ofAll = headers.filter(({ host }) => host === undefined).map(({ name, value }) => [name, value]);
  return {
    allowPrivateHosts: options.allowPrivateHosts ?? USUAL_WEB.allowPrivateHosts,
    allow: options.allow ?? USUAL_WEB.allow,
    connectTimeoutMs: options.connectTimeout ?? USUAL_WEB.connectTimeoutMs,
    timeoutMs: options.timeout ?? USUAL_WEB.timeoutMs,
    leastBytesPerSecond: options.leastSpeed ?? USUAL_WEB.leastBytesPerSecond,
    longestWaitMs: options.longestWait ?? USUAL_WEB.longestWaitMs,
    mostRedirects: options.mostRedirects ?? USUAL_WEB.mostRedirects,
    obeysRobots: options.robots ?? USUAL_WEB.obeysRobots,
    mostRanges: options.ranges ?? USUAL_WEB.mostRanges,
    hostRules: [...USUAL_WEB.hostRules, ...(options.hostLimit ?? [])],
    mostBytes: options.mostBytes ?? USUAL_WEB.mostBytes,
    keepsContentEncoding: options.keepEncoding ?? USUAL_WEB.keepsContentEncoding,
    secretsFile: options.secrets === undefined ? undefined : resolve(options.secrets),
    requestHeaders: {
      usual: { "user-agent": userAgent, ...Object.fromEntries(ofAll) },
      byHost: headers.flatMap(({ host, name, value }) => (host === undefined ? [] : [[host, { [name]: value }]])),
    },
  };
}

/** In milliseconds. */
function duration(text: string): number {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds >= 0.001 && seconds <= MOST_SECONDS) return Math.round(seconds * 1000);
  throw new InvalidArgumentError(`It must be a number of seconds from 0.001 to ${MOST_SECONDS}.`);
}

function opened(text: string, before: readonly string[] = []): readonly string[] {
  const all = [...before, ...text.split(",")];
  try {
    reachOf(all, false);
    return all;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

const HEADER = /^(?:([a-z0-9_.*-]+)=)?([!#$%&'*+.^_`|~0-9a-z-]+):\s*(.*)$/i;
function header(text: string, before: readonly HeaderOption[] = []): readonly HeaderOption[] {
  const [, host, name = "", value = ""] = HEADER.exec(text.trim()) ?? [];
  if (name === "") throw new InvalidArgumentError("It must be 'NAME: VALUE', or 'HOST=NAME: VALUE'.");
  const folded = name.toLowerCase();
  const problem = headerProblem(name);
  if (problem !== undefined) throw new InvalidArgumentError(`${problem}.`);
  return [...before, { host: host?.toLowerCase(), name: folded, value: headerValue(value) }];
}

function hostLimit(text: string, before: readonly HostRule[] = []): readonly HostRule[] {
  const [, host = "", limit = ""] = /^([^=]+)=(.*)$/.exec(text.trim()) ?? [];
  const limits = limitsIn(limit);
  const rule = hostRule.safeParse([host.toLowerCase(), limits]).data;
  if (rule) return [...before, rule];
  throw new InvalidArgumentError("It must be like example.org=4, *.example.org=2/s, *=8,5/s, or *=unlimited.");
}

/** Read again by the workers. Whatever is wrong with it is told before anything is fetched. */
function secretsFile(path: string): string {
  let secrets: unknown;
  try {
    secrets = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const wanted = '{"NAME": {"hosts": ["*.example.org"], "headers": {"authorization": "Bearer ..."}}}';
  if (typeof secrets !== "object" || secrets === null || Array.isArray(secrets))
    throw new InvalidArgumentError(`It must hold ${wanted}.`);
  for (const [name, secret] of Object.entries(secrets)) {
    try {
      secretIn(name, JSON.stringify(secret));
    } catch {
      throw new InvalidArgumentError(`Its secret ${name} is not in form. It must hold ${wanted}.`);
    }
  }
  return path;
}

function headerValue(text: string): string {
  if (/^[\t\x20-\x7e]*$/.test(text)) return text.trim();
  throw new InvalidArgumentError("A header holds visible ASCII characters only.");
}

import type http from "node:http";
import type { Proxies } from "./proxies.ts";

// See send.ts for why these are not imported.
const { Agent } = process.getBuiltinModule("node:http");
const { Agent: SecureAgent } = process.getBuiltinModule("node:https");

/**
 * Node gives each address of a name a time, drops the attempt, and tries the next one. Its usual 250 ms are less than
 * the way to a far host, and less than the second after which a lost packet is sent again (RFC 6298, 2.1): such a host
 * would never be reached if its only living address came first. This leaves room for both.
 */
const USUAL_ATTEMPT_MS = 2_500;
/** Of a shorter time-out, so many addresses get a share. */
const LEAST_ATTEMPTS = 4;

const attemptTimeoutMs = (connectTimeoutMs: number): number =>
  Math.ceil(Math.min(USUAL_ATTEMPT_MS, connectTimeoutMs / LEAST_ATTEMPTS));

type ByScheme = Readonly<Record<"http:" | "https:", http.Agent>>;

interface Agents {
  /** Connections are kept, and used again. */
  readonly pooled: ByScheme;
  /** Each request has a connection of its own. */
  readonly fresh: ByScheme;
}

const byScheme = (options: http.AgentOptions): ByScheme => ({
  "http:": new Agent(options),
  // A server that does not speak it says so in the handshake.
  "https:": new SecureAgent({ ...options, ALPNProtocols: ["http/1.1"] }),
});

const agents = (options: http.AgentOptions): Agents => ({
  pooled: byScheme({ ...options, keepAlive: true }),
  fresh: byScheme({ ...options, keepAlive: false }),
});

/** Node keeps them by the names that `Agent.getName` makes, which begin with host and port. */
async function closeFree({ freeSockets }: http.Agent, { hostname, port, protocol }: URL): Promise<void> {
  const name = hostname.replace(/^\[|\]$/g, "");
  const start = `${name}:${port || (protocol === "http:" ? 80 : 443)}:`;
  const free = Object.entries(freeSockets).flatMap(([key, sockets = []]) => (key.startsWith(start) ? sockets : []));
  // The system is told of it only later in this turn of the event loop.
  await Promise.all(free.map(async (socket) => new Promise((resolve) => socket.once("close", resolve).destroy())));
}

export interface Route {
  /** Whether the connection goes to a proxy. Its name is not checked: whoever set the variables chose it. */
  readonly isProxied: boolean;
  agent(isPooled: boolean): http.Agent;
}

/** Direct connections, and those through proxies. */
export class Routes {
  readonly #proxies: Proxies | undefined;
  readonly #direct: Agents;
  readonly #proxied: Agents | undefined;

  /** @param connectTimeoutMs how long it may take to connect, through a proxy or not. */
  constructor(proxies: Proxies | undefined, connectTimeoutMs: number) {
    const options = { autoSelectFamilyAttemptTimeout: attemptTimeoutMs(connectTimeoutMs) };
    this.#proxies = proxies;
    this.#direct = agents(options);
    // Node does not stop waiting for a tunnel because its request was destroyed.
    this.#proxied = proxies && agents({ ...options, proxyEnv: proxies.urls, timeout: connectTimeoutMs });
  }

  to(url: string): Route {
    const scheme = url.startsWith("http:") ? "http:" : "https:";
    const proxied = this.#proxies?.covers(new URL(url)) === true ? this.#proxied : undefined;
    const { pooled, fresh } = proxied ?? this.#direct;
    return { isProxied: proxied !== undefined, agent: (isPooled) => (isPooled ? pooled : fresh)[scheme] };
  }

  /** @param host of a URL: with its port, if that is not the usual one. */
  async closeIdle(host: string): Promise<void> {
    const all = [this.#direct, ...(this.#proxied ? [this.#proxied] : [])].flatMap(({ pooled }) =>
      (["http:", "https:"] as const).map(async (scheme) => closeFree(pooled[scheme], new URL(`${scheme}//${host}`))),
    );
    await Promise.all(all);
  }

  close(): void {
    for (const each of [this.#direct, this.#proxied])
      for (const agent of Object.values(each?.pooled ?? {})) agent.destroy();
  }
}

import type http from "node:http";
import type { Proxies } from "./proxies.ts";

// See send.ts for why these are not imported.
const { Agent } = process.getBuiltinModule("node:http");
const { Agent: SecureAgent } = process.getBuiltinModule("node:https");

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

export interface Route {
  /** Whether the connection goes to a proxy. Its name is not checked: whoever set the variables chose it. */
  readonly isProxied: boolean;
  agent(isPooled: boolean): http.Agent;
}

/** Direct connections, and those through proxies. */
export class Routes {
  readonly #proxies: Proxies | undefined;
  readonly #direct = agents({});
  readonly #proxied: Agents | undefined;

  /** @param connectTimeoutMs how long a proxy may take to connect to the origin. */
  constructor(proxies: Proxies | undefined, connectTimeoutMs: number) {
    this.#proxies = proxies;
    // Node does not stop waiting for a tunnel because its request was destroyed.
    this.#proxied = proxies && agents({ proxyEnv: proxies.urls, timeout: connectTimeoutMs });
  }

  to(url: string): Route {
    const scheme = url.startsWith("http:") ? "http:" : "https:";
    const proxied = this.#proxies?.covers(new URL(url)) === true ? this.#proxied : undefined;
    const { pooled, fresh } = proxied ?? this.#direct;
    return { isProxied: proxied !== undefined, agent: (isPooled) => (isPooled ? pooled : fresh)[scheme] };
  }

  close(): void {
    for (const each of [this.#direct, this.#proxied])
      for (const agent of Object.values(each?.pooled ?? {})) agent.destroy();
  }
}

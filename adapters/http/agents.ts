import type http from "node:http";

// See node-http.ts for why these are not imported.
const { Agent } = process.getBuiltinModule("node:http");
const { Agent: SecureAgent } = process.getBuiltinModule("node:https");

/** An agent for each scheme of a URL. */
export interface Agents {
  readonly "http:": http.Agent;
  readonly "https:": http.Agent;
}

/** `keepAlive`: connections are kept, and used again. */
export function agentsFor({ keepAlive }: { readonly keepAlive: boolean }): Agents {
  return {
    "http:": new Agent({ keepAlive }),
    // A server that does not speak it says so in the handshake.
    "https:": new SecureAgent({ keepAlive, ALPNProtocols: ["http/1.1"] }),
  };
}

import { networkInterfaces } from "node:os";
import { codeOf } from "./disk.ts";
import { MachineTroubleError } from "./machine-trouble.ts";

const NO_SOCKETS: Readonly<Record<string, string>> = {
  EMFILE: "too many files are open",
  ENFILE: "too many files are open on this machine",
  ENOBUFS: "this machine has no memory left for them",
  ENOMEM: "this machine has no memory left for them",
};
const UNREACHABLE = new Set(["ENETUNREACH", "ENETDOWN", "EHOSTUNREACH", "EAI_AGAIN", "ENOTFOUND"]);
/** Addresses that an interface gives itself when nothing answers it. */
const SELF_GIVEN = /^(fe80:|169\.254\.)/i;

/** Whether no interface but the loopback has an address that leads further than to the next cable. */
const isOffline = (interfaces: typeof networkInterfaces): boolean =>
  Object.values(interfaces())
    .flatMap((addresses) => addresses ?? [])
    .every(({ address, internal }) => internal || SELF_GIVEN.test(address));

/** What no origin is to blame for, if a request failed because of it: then no job is charged, and the run ends. */
export function networkTrouble(error: unknown, interfaces = networkInterfaces): MachineTroubleError | undefined {
  const code = codeOf(error) ?? "";
  const trouble = NO_SOCKETS[code];
  if (trouble !== undefined) return new MachineTroubleError("Connections", trouble, error);
  if (!UNREACHABLE.has(code) || !isOffline(interfaces)) return undefined;
  return new MachineTroubleError("The network", "this machine is not connected to any", error);
}

/** What may be connected to. By default: public addresses, on the ports of the web and those above 1023 (ADR 0008). */
import { isAddress, isGlobalAddress, Networks } from "../model/address.ts";

export interface Reach {
  /** Every address, name and port. */
  readonly isUnlimited: boolean;
  /** Networks that are opened on purpose. */
  readonly networks: Networks;
  /** Names, or `*.` and a domain, that are opened on purpose, wherever they lead. */
  readonly names: readonly string[];
  readonly ports: ReadonlySet<string>;
  /** Whether a redirect may lead from https to http. */
  readonly mayDowngrade: boolean;
}

/** Below this are services that trust whoever speaks to them, and none of them is meant for downloads. */
const LOWEST_FREE_PORT = 1024;
const WEB_PORTS = ["", "80", "443"];
const MOST_PORT = 65_535;
const DOWNGRADE = "https-to-http";
/** Such a name is an address that lacks something. */
const IS_NUMBERS = /^[\d.]+$/;
const NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;

/**
 * @param opened what is opened besides public addresses: a network (`10.0.0.0/8`), an address, a host name or pattern
 *   (`*.corp.example`), a port (`:21`), or `https-to-http`. `isUnlimited` opens everything but that last one.
 * @throws RangeError that says which entry is none of these.
 */
export function reachOf(opened: readonly string[], isUnlimited: boolean): Reach {
  const nothing: Reach = {
    isUnlimited,
    networks: new Networks(),
    names: [],
    ports: new Set(WEB_PORTS),
    mayDowngrade: false,
  };
  return opened.reduce<Reach>((reach, entry) => widened(reach, entry.trim()), nothing);
}

function widened(reach: Reach, entry: string): Reach {
  if (entry === DOWNGRADE) return { ...reach, mayDowngrade: true };
  const port = /^:(\d{1,5})$/.exec(entry)?.[1];
  if (port !== undefined && Number(port) >= 1 && Number(port) <= MOST_PORT)
    return { ...reach, ports: new Set([...reach.ports, String(Number(port))]) };
  if (reach.networks.add(entry)) return reach;
  if (NAME.test(entry) && !IS_NUMBERS.test(entry)) return { ...reach, names: [...reach.names, entry.toLowerCase()] };
  throw notOpened(entry);
}

const notOpened = (entry: string): RangeError =>
  new RangeError(
    `"${entry}" cannot be opened. Write a network (10.0.0.0/8), a host name or pattern (*.corp.example), ` +
      `a port (:21), or ${DOWNGRADE}.`,
  );

/** Why the URL is refused; undefined if it is accepted. Where its name leads is judged when it is resolved. */
export function refusalOf(url: URL, reach: Reach): string | undefined {
  if (url.protocol !== "http:" && url.protocol !== "https:") return `unsupported_scheme:${url.protocol.slice(0, -1)}`;
  if (url.username !== "" || url.password !== "") return "credentials_in_url";
  if (reach.isUnlimited) return undefined;
  if (isPrivateHost(url.hostname, reach)) return "private_address";
  return mayUsePort(url.port, reach) ? undefined : `port_not_allowed:${url.port}`;
}

/** Which addresses the name may lead to; undefined: all. */
export function acceptedAddresses({ hostname }: URL, reach: Reach): ((address: string) => boolean) | undefined {
  if (reach.isUnlimited || isOpenName(hostname, reach)) return undefined;
  return (address) => isAccepted(address, reach);
}

const isAccepted = (address: string, { networks }: Reach): boolean => isGlobalAddress(address) || networks.has(address);

/** Whether a host name is the pattern, or lies below the domain of a pattern like `*.example.org`. */
export const matchesHost = (hostname: string, pattern: string): boolean =>
  pattern.startsWith("*.") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;

const isOpenName = (hostname: string, { names }: Reach): boolean => names.some((name) => matchesHost(hostname, name));

const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/;

function isPrivateHost(hostname: string, reach: Reach): boolean {
  if (isOpenName(hostname, reach)) return false;
  const address = hostname.replace(/^\[|\]$/g, "");
  return isAddress(address) ? !isAccepted(address, reach) : PRIVATE_NAMES.test(hostname);
}

const mayUsePort = (port: string, { ports }: Reach): boolean => ports.has(port) || Number(port) >= LOWEST_FREE_PORT;

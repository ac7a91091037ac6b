/** The cookies of one chain of redirects (RFC 6265). They end with the chain. */
import { parseSetCookie } from "set-cookie-parser";

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  /** Undefined: for the host alone. */
  readonly domain: string | undefined;
  readonly path: string;
  readonly isSecure: boolean;
}

/** A cookie of a whole registry (`com`) would reach strangers. Of an address, only the host itself has cookies. */
const mayBeDomain = (domain: string, host: string): boolean =>
  domain.includes(".") && /[a-z]$/.test(host) && isWithin(host, domain);

const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);

const folderOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf("/")));

const isFor = ({ hostname, pathname, protocol }: URL, cookie: Cookie): boolean =>
  (cookie.domain === undefined ? hostname === cookie.host : isWithin(hostname, cookie.domain)) &&
  isBelow(pathname, cookie.path) &&
  (!cookie.isSecure || protocol === "https:");

export class ChainCookies {
  #cookies: readonly Cookie[] = [];

  /** Takes what an answer from the URL sets. */
  take(lines: readonly string[], from: URL, nowMs: number): void {
    for (const set of parseSetCookie([...lines], { decodeValues: false })) {
      const domain = set.domain?.replace(/^\./, "").toLowerCase();
      if (domain && domain !== from.hostname && !mayBeDomain(domain, from.hostname)) continue;
      const cookie: Cookie = {
        name: set.name,
        value: set.value,
        host: from.hostname,
        domain: domain || undefined,
        path: set.path?.startsWith("/") ? set.path : folderOf(from.pathname),
        isSecure: set.secure === true,
      };
      const others = this.#cookies.filter(
        ({ name, host, path }) => name !== cookie.name || host !== cookie.host || path !== cookie.path,
      );
      const isOver = set.maxAge === undefined ? (set.expires?.getTime() ?? Infinity) <= nowMs : set.maxAge <= 0;
      this.#cookies = isOver ? others : [...others, cookie];
    }
  }

  /** The Cookie header for a request; undefined if there is none. */
  headerFor(url: URL): string | undefined {
    const fitting = this.#cookies.filter((cookie) => isFor(url, cookie));
    return fitting.length > 0 ? fitting.map(({ name, value }) => `${name}=${value}`).join("; ") : undefined;
  }
}

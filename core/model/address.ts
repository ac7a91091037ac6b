/** Which addresses a download may connect to. Sources: IANA's registries of IPv4 and IPv6 special-purpose addresses. */
// Arithmetic alone: nothing here connects to anything.
import { BlockList, isIP, SocketAddress } from "node:net";

const BITS = { ipv4: 32, ipv6: 128 } as const;

/** Undefined if the text is not an address, or names the zone of one. */
function familyOf(text: string): keyof typeof BITS | undefined {
  if (text.includes("%")) return undefined;
  return ({ 4: "ipv4", 6: "ipv6" } as const)[isIP(text)];
}

export const isAddress = (text: string): boolean => familyOf(text) !== undefined;

/** Networks of both families. An IPv4 address inside an IPv6 one (`::ffff:10.0.0.1`) is in the networks of IPv4. */
export class Networks {
  readonly #list = new BlockList();

  static of(...texts: readonly string[]): Networks {
    const networks = new Networks();
    for (const text of texts) networks.add(text);
    return networks;
  }

  /** @returns whether the text is an address, or a network: `10.0.0.0/8`. */
  add(text: string): boolean {
    const [address = "", length, ...rest] = text.split("/");
    const family = familyOf(address);
    if (!family || rest.length > 0) return false;
    const bits = length === undefined ? BITS[family] : /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
    if (bits > BITS[family]) return false;
    this.#list.addSubnet(address, bits, family);
    return true;
  }

  has(address: string): boolean {
    const family = familyOf(address);
    return family !== undefined && this.#list.check(address, family);
  }
}

const NOT_GLOBAL_V4 = Networks.of(
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
);
/** All that IANA has given out for global unicast. Whatever lies outside of it is refused. */
const GLOBAL_V6 = Networks.of("2000::/3");
/** Protocol assignments with Teredo, documentation, and 6to4, which leads to any IPv4 address. */
const NOT_GLOBAL_V6 = Networks.of("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");
/** Where a network without IPv4 translates it (RFC 6052): the last 32 bits are the IPv4 address. */
const TRANSLATED_V4 = Networks.of("64:ff9b::/96");
/** An IPv4 address inside an IPv6 one, as some resolvers give it. */
const MAPPED_V4 = Networks.of("::ffff:0:0/96");

/** The IPv4 address in the last 32 bits. */
function lastV4(address: string): string {
  const groups = new SocketAddress({ address, family: "ipv6" }).address.split(":").slice(-2);
  const bytes = groups.map((group) => Number.parseInt(group || "0", 16)).flatMap((both) => [both >> 8, both & 0xff]);
  return bytes.join(".");
}

/** Whether an address is global unicast. An IPv4 address inside an IPv6 one is judged as IPv4. */
export function isGlobalAddress(text: string): boolean {
  const family = familyOf(text);
  if (!family) return false;
  if (family === "ipv4" || MAPPED_V4.has(text)) return !NOT_GLOBAL_V4.has(text);
  if (TRANSLATED_V4.has(text)) return !NOT_GLOBAL_V4.has(lastV4(text));
  return GLOBAL_V6.has(text) && !NOT_GLOBAL_V6.has(text);
}

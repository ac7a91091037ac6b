/** Which addresses a download may connect to. Sources: IANA's registries of IPv4 and IPv6 special-purpose addresses. */
import ipaddr from "ipaddr.js";

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];
const networks = (...texts: readonly string[]): readonly Network[] => texts.map((text) => ipaddr.parseCIDR(text));

const NOT_GLOBAL_V4 = networks(
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
const GLOBAL_V6 = networks("2000::/3");
/** Protocol assignments with Teredo, documentation, and 6to4, which leads to any IPv4 address. */
const NOT_GLOBAL_V6 = networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");
/** Where a network without IPv4 translates it (RFC 6052): the last 32 bits are the IPv4 address. */
const TRANSLATED_V4 = networks("64:ff9b::/96");
const BYTES_BEFORE_V4 = 12;

const isIn = (address: ipaddr.IPv4 | ipaddr.IPv6, ranges: readonly Network[]): boolean =>
  ranges.some((range) => address.match(range));

/** Whether an address, in any notation, is global unicast. An IPv4 address inside an IPv6 one is judged as IPv4. */
export function isGlobalAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv4) return !isIn(address, NOT_GLOBAL_V4);
  if (isIn(address, TRANSLATED_V4))
    return !isIn(ipaddr.fromByteArray(address.toByteArray().slice(BYTES_BEFORE_V4)), NOT_GLOBAL_V4);
  return isIn(address, GLOBAL_V6) && !isIn(address, NOT_GLOBAL_V6);
}

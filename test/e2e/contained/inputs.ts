/** URLs that must not be fetched by a run that does not allow private hosts, and some that must be. */

/** Addresses that the namespace's loopback has, so that nothing but the product stands before them. */
export const PRIVATE_V4 = [
  "10.0.0.1",
  "10.255.255.254",
  "100.64.0.1",
  "127.0.0.1",
  "127.8.8.8",
  "169.254.169.254",
  "169.254.170.2",
  "169.254.100.1",
  "172.16.0.1",
  "172.31.255.254",
  "192.0.0.8",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.1.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "240.0.0.1",
];
export const PRIVATE_V6 = [
  "::1",
  "1::1",
  "100::1",
  "4000::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fec0::1",
  "2001::1",
  "2001:db8::1",
  "2002:7f00:1::1",
  "3fff::1",
  "64:ff9b::a9fe:a9fe",
];
/** Of these, the URL's text says all. */
const OTHER_SPELLINGS = [
  "0",
  "0.0.0.0",
  "127.1",
  "2130706433",
  "0x7f.0.0.1",
  "0177.0.0.1",
  "127.0.0.1.",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::127.0.0.1]",
  "[::a9fe:a9fe]",
  "[0:0:0:0:0:ffff:0a00:0001]",
  "255.255.255.255",
  "224.0.0.1",
  "[ff02::1]",
  "[fe80::1]",
  "localhost",
  "LOCALHOST",
  "localhost.",
  "a.localhost",
  "printer.local",
  "metadata.google.internal",
  "router.home.arpa",
  "①②⑦.⓪.⓪.①",
];
export const PUBLIC_V4 = "8.8.8.8";
export const PUBLIC_V6 = "2606:4700::1111";
export const PORT = 8080;
/** Services that trust whoever speaks to them. */
export const OTHER_PORTS = [22, 25, 81, 1023];

const literal = (address: string): string => (address.includes(":") ? `[${address}]` : address);
const nameOf = (address: string): string => `n${address.replaceAll(/[.:]/g, "-")}.example`;

const PRIVATE = [...PRIVATE_V4, ...PRIVATE_V6];
const refusedHosts = [
  ...PRIVATE.flatMap((address) => [literal(address), nameOf(address)]),
  ...OTHER_SPELLINGS,
  "oneword",
  "rebound.example",
];
const refusedTargets = [
  ...refusedHosts.map((host) => `http://${host}:${PORT}/secret`),
  ...OTHER_PORTS.map((port) => `http://${PUBLIC_V4}:${port}/secret`),
];
const redirectTo = (url: string): string => `http://${PUBLIC_V4}:${PORT}/to/${encodeURIComponent(url)}`;

/** A header is ASCII. */
const headers = refusedTargets.filter((url) => /^[ -~]*$/.test(url));

export const REFUSED: readonly string[] = [
  ...refusedTargets,
  ...headers.map(redirectTo),
  // From one allowed hop to the next.
  ...headers.map((url) => redirectTo(redirectTo(url))),
];

export const FETCHED: readonly string[] = [
  `http://${PUBLIC_V4}:${PORT}/1`,
  `http://[${PUBLIC_V6}]:${PORT}/2`,
  `http://${nameOf(PUBLIC_V4)}:${PORT}/3`,
  `http://${nameOf(PUBLIC_V6)}:${PORT}/4`,
  // Of its two addresses only one may be used.
  `http://mixed.example:${PORT}/5`,
  redirectTo(`http://${nameOf(PUBLIC_V4)}:${PORT}/6`),
];

/** `/etc/hosts`: a name for each address. */
export const HOSTS = [
  ...[...PRIVATE, PUBLIC_V4, PUBLIC_V6].map((address) => `${address} ${nameOf(address)}`),
  "10.0.0.1 oneword",
  "10.0.0.1 mixed.example",
  `${PUBLIC_V4} mixed.example`,
];

import { describe, expect, it } from "vitest";
import { isGlobalAddress } from "../../../../core/model/address.ts";

/** The first and the last address of each network that is refused, and the addresses right beside it. */
const NETWORKS: readonly {
  readonly what: string;
  readonly inside: readonly string[];
  readonly beside: readonly string[];
}[] = [
  { what: "this network", inside: ["0.0.0.0", "0.255.255.255"], beside: ["1.0.0.0"] },
  { what: "private, 10/8", inside: ["10.0.0.0", "10.255.255.255"], beside: ["9.255.255.255", "11.0.0.0"] },
  { what: "carrier-grade NAT", inside: ["100.64.0.0", "100.127.255.255"], beside: ["100.63.255.255", "100.128.0.0"] },
  { what: "loopback", inside: ["127.0.0.0", "127.255.255.255"], beside: ["126.255.255.255", "128.0.0.0"] },
  { what: "link-local", inside: ["169.254.0.0", "169.254.169.254"], beside: ["169.253.255.255", "169.255.0.0"] },
  { what: "private, 172.16/12", inside: ["172.16.0.0", "172.31.255.255"], beside: ["172.15.255.255", "172.32.0.0"] },
  { what: "protocol assignments", inside: ["192.0.0.0", "192.0.0.255"], beside: ["191.255.255.255", "192.0.1.0"] },
  { what: "documentation 1", inside: ["192.0.2.0", "192.0.2.255"], beside: ["192.0.1.255", "192.0.3.0"] },
  { what: "6to4 relays", inside: ["192.88.99.0", "192.88.99.255"], beside: ["192.88.98.255", "192.88.100.0"] },
  {
    what: "private, 192.168/16",
    inside: ["192.168.0.0", "192.168.255.255"],
    beside: ["192.167.255.255", "192.169.0.0"],
  },
  { what: "benchmarks", inside: ["198.18.0.0", "198.19.255.255"], beside: ["198.17.255.255", "198.20.0.0"] },
  { what: "documentation 2", inside: ["198.51.100.0", "198.51.100.255"], beside: ["198.51.99.255", "198.51.101.0"] },
  { what: "documentation 3", inside: ["203.0.113.0", "203.0.113.255"], beside: ["203.0.112.255", "203.0.114.0"] },
  {
    what: "multicast and reserved",
    inside: ["224.0.0.0", "240.0.0.0", "255.255.255.255"],
    beside: ["223.255.255.255"],
  },
  {
    what: "outside of 2000::/3",
    inside: ["::", "::1", "1::1", "1fff:ffff::", "4000::1", "5f00::1"],
    beside: ["2000::1", "3ffe::1"],
  },
  {
    what: "unique-local, link-local, multicast",
    inside: ["fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"],
    beside: [],
  },
  { what: "IPv6 protocol assignments", inside: ["2001::1", "2001:1ff:ffff::"], beside: ["2001:200::1"] },
  {
    what: "IPv6 documentation",
    inside: ["2001:db8::1", "3fff::1", "3fff:fff::1"],
    beside: ["2001:db7::1", "2001:db9::1", "3fff:1000::1"],
  },
  { what: "6to4", inside: ["2002:7f00:1::1", "2002:808:808::1"], beside: ["2003::1"] },
  {
    what: "IPv4 in IPv6",
    inside: ["::127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::8.8.8.8"],
    beside: ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
  },
  { what: "no addresses", inside: ["", "example.com", "1.2.3.4.5", "fe80::1%eth0"], beside: [] },
];

describe.each(NETWORKS)("$what", ({ beside, inside }) => {
  it.each(inside)("%s is not global", (address) => {
    expect(isGlobalAddress(address)).toBe(false);
  });

  it.for(beside)("%s, right beside it, is global", (address) => {
    expect(isGlobalAddress(address)).toBe(true);
  });
});

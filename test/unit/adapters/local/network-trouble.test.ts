import type { NetworkInterfaceInfo } from "node:os";
import { expect, it } from "vitest";
import { networkTrouble } from "../../../../adapters/local/network-trouble.ts";

const failure = (code: string): Error => Object.assign(new Error(code), { code });
const interfacesOf = (addresses: readonly (readonly [address: string, internal: boolean])[]) => () => ({
  lo: undefined,
  eth0: addresses.map(([address, internal]) => ({ address, internal }) as NetworkInterfaceInfo),
});
const ONLINE = interfacesOf([
  ["127.0.0.1", true],
  ["192.0.2.7", false],
]);
const OFFLINE = interfacesOf([
  ["127.0.0.1", true],
  ["169.254.3.4", false],
  ["fe80::1", false],
]);

it.each(["ENETUNREACH", "ENETDOWN", "EHOSTUNREACH", "EAI_AGAIN", "ENOTFOUND"])(
  "%s is the machine's trouble while no interface leads further than to the next cable, and the origin's otherwise",
  (code) => {
    expect(networkTrouble(failure(code), OFFLINE)?.sentence).toContain("not connected");
    expect(networkTrouble(failure(code), ONLINE)).toBeUndefined();
  },
);

it.each([
  ["EMFILE", "too many files are open"],
  ["ENFILE", "too many files are open on this machine"],
  ["ENOBUFS", "no memory left"],
  ["ENOMEM", "no memory left"],
])("%s is the machine's trouble, connected or not", (code, said) => {
  expect(networkTrouble(failure(code), ONLINE)?.sentence).toContain(said);
});

it.each([[failure("ECONNRESET")], [new Error("none")], ["no error"]])("%s is the origin's trouble", (error) => {
  expect(networkTrouble(error, OFFLINE)).toBeUndefined();
});

it("looks at this machine's own interfaces unless it is told others", () => {
  expect(networkTrouble(failure("ECONNREFUSED"))).toBeUndefined();
});

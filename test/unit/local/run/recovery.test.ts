import { expect, it } from "vitest";
import { localItems } from "../../../../adapters/local/items.ts";
import { decodeHost, hostItemKey, NEW_HOST, writeHost } from "../../../../core/flow/host-record.ts";
import { Recovery } from "../../../../local/run/recovery.ts";
import type { Workspace } from "../../../../local/run/workspace.ts";
import { ownerOf } from "../../../../local/worker/messages.ts";
import { openWorkspace, record } from "./support.ts";

const HOSTS = ["a.example", "b.example:8080"];
const FOR_LONG = { connections: 2, untilMs: 4_000_000_000_000, turnsMs: [] };
const [dead, living] = [ownerOf("run-1", "x"), ownerOf("run-11", "y")];

/** At each host, two processes hold connections. */
async function withHolders(): Promise<Workspace> {
  const workspace = await openWorkspace();
  record(workspace, 1, { state: "INDEXED" });
  const next = { ...NEW_HOST, nextAtMs: 7, holders: { [dead]: FOR_LONG, [living]: FOR_LONG } };
  for (const host of HOSTS) await localItems(workspace.database).write(writeHost(host, NEW_HOST, next, "by", 0));
  return workspace;
}
const hostsIn = async ({ database }: Workspace) =>
  Promise.all(HOSTS.map(async (host) => decodeHost(await localItems(database).read(hostItemKey(host)))));

it("a process that died gives back its connections, and nobody else's", async () => {
  const workspace = await withHolders();
  await new Recovery(workspace).bury("run-1");
  for (const host of await hostsIn(workspace))
    expect(host).toEqual({ ...NEW_HOST, version: 2, nextAtMs: 7, holders: { [living]: FOR_LONG } });
});

it("the times of requests that it has not sent are given back, and those that are over are not", async () => {
  const workspace = await withHolders();
  const items = localItems(workspace.database);
  const [a = "", seen = NEW_HOST] = [HOSTS[0], (await hostsIn(workspace))[0]];
  const soonMs = workspace.clock.nowMs() + 3_600_000;
  const holders = { [dead]: { ...FOR_LONG, turnsMs: [7, soonMs] }, [living]: { ...FOR_LONG, turnsMs: [soonMs + 1] } };
  await items.write(writeHost(a, seen, { ...seen, holders, freeTurnsMs: [8, soonMs - 1] }, "by", 0));
  await new Recovery(workspace).bury("run-1");
  expect((await hostsIn(workspace))[0]).toMatchObject({
    freeTurnsMs: [soonMs - 1, soonMs],
    holders: { [living]: holders[living] },
  });
});

it("a run that begins gives back what all before it held", async () => {
  const workspace = await withHolders();
  await new Recovery(workspace).takeOver();
  for (const host of await hostsIn(workspace)) expect(host).toMatchObject({ nextAtMs: 7, holders: {} });
});

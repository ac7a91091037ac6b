import { describe, expect, it } from "vitest";
import { JobView } from "../../../../local/run/job-view.ts";
import { Recovery } from "../../../../local/run/recovery.ts";
import { idOf, list, messageOf, openWorkspace, record, startSettling } from "./support.ts";

const HEAD = { type: "HEAD", key: "k", status: "DONE", fence: 1, at: 0, result: { validator: "v", bytes: 100 } };

async function viewed() {
  const workspace = await openWorkspace();
  list(workspace, [1, 2, 3, 4, 5]);
  record(workspace, 1, { state: "STREAMING", lease_owner: "me", op_head: HEAD, checkpoint: { offset: 60 } }, 1000);
  record(workspace, 2, { state: "LEASED", reason: "http_503" }, 1000);
  record(workspace, 3, { state: "FAILED", reason: "http_404" });
  await startSettling(workspace).settler.settle([{ jobId: idOf(3) }]);
  record(workspace, 4, { state: "STREAMING" });
  record(workspace, "elsewhere", { state: "STREAMING", lease_owner: "me" }, 1000);
  return { workspace, view: new JobView(workspace.database, () => workspace.lines.list) };
}
const seen = (n: number, reason: string | null = null) => ({ jobId: idOf(n), url: messageOf(n).url, reason });

describe("the run's jobs, as somebody sees them who looks", () => {
  it("are those that have begun, by state, and those that have not begun", async () => {
    const { view } = await viewed();
    expect(view.inState("STREAMING", 9)).toEqual([seen(1)]);
    expect(view.inState("FAILED", 9)).toEqual([seen(3, "http_404")]);
    expect(view.notBegun(9)).toEqual([seen(4), seen(5)]);
    expect(view.notBegun(1)).toHaveLength(1);
  });

  it("tell how far they are", async () => {
    const { view } = await viewed();
    expect(view.underWay(idOf(1))).toEqual({ url: messageOf(1).url, stagedBytes: 60, totalBytes: 100 });
    expect(view.underWay(idOf(5))).toMatchObject({ stagedBytes: 0, totalBytes: undefined });
    expect(view.underWay(idOf("elsewhere"))).toBeUndefined();
  });
});

it("a new run watches no job of an earlier one until a worker begins with it", async () => {
  const { workspace, view } = await viewed();
  await new Recovery(workspace).takeOver();
  expect([...view.openStates()]).toEqual([]);
  expect(view.notBegun(9)).toHaveLength(4);
  await new Recovery(workspace).reconcile();
  expect(workspace.database.all("SELECT * FROM queue")).toEqual([]);
});

import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { plainView, terminalView } from "../../../../cli/submit/view.ts";

class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly columns = 80;
  text = "";

  constructor() {
    super();
    this.on("data", (data: Buffer) => (this.text += data.toString()));
  }
  cursorTo(): void {}
  clearLine(): void {}
}

describe("what is shown while a list is sent", () => {
  it("in a log: a line each two seconds, with the rate and the time that is left", () => {
    const output = new Terminal();
    const view = plainView(output);
    view.refresh({ atMs: 0, done: 0, total: undefined });
    view.refresh({ atMs: 2_000, done: 70, total: undefined });
    view.refresh({ atMs: 3_000, done: 0, total: 5_000 });
    view.refresh({ atMs: 4_000, done: 1_000, total: 5_000 });
    view.refresh({ atMs: 5_000, done: 1_500, total: 5_000 });
    view.say("done");
    expect(output.text).toBe("Checking: 70 lines\n1000 of 5000 sent, 1000 jobs/s, 4.0 s left\ndone\n");
  });

  it("on a terminal: a bar that gives way to lines that stay", () => {
    const output = new Terminal();
    const view = terminalView(output);
    view.refresh({ atMs: 0, done: 0, total: 5_000 });
    view.refresh({ atMs: 1_000, done: 2_500, total: 5_000 });
    view.say("The queue does not take all messages for now.");
    view.refresh({ atMs: 2_000, done: 5_000, total: 5_000 });
    view.close();
    expect(output.text).toMatch(/2500 of 5000 sent, 2500 jobs\/s, 1\.0 s left/);
    expect(output.text).toContain("The queue does not take all messages for now.\n");
  });
});

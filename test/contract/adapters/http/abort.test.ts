import { afterEach, describe, expect, it } from "vitest";
import { LeaseLostError } from "../../../../core/model/errors.ts";
import { HEADERS, bodyOf, cleanUp, client, get, rawOrigin, read, thrownBy } from "./http-support.ts";

afterEach(cleanUp);

describe("an HTTP request that we abort", () => {
  const lost = new LeaseLostError();
  const stopAfter = (delayMs: number): AbortSignal => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(lost), delayMs);
    return controller.signal;
  };

  it("before it begins throws our own reason, and nothing is sent", async () => {
    const raw = await rawOrigin(() => undefined);
    expect(await thrownBy(get(client(), raw.url, { signal: AbortSignal.abort(lost) }))).toBe(lost);
    expect(raw.heads).toEqual([]);
  });

  it("before the headers arrive throws our own reason", async () => {
    const raw = await rawOrigin(() => undefined);
    expect(await thrownBy(get(client(), raw.url, { signal: stopAfter(50) }))).toBe(lost);
  });

  it.each([
    ["has begun", `${HEADERS}half`],
    ["has not begun", HEADERS],
  ])("during a body that %s throws our own reason", async (_when, said) => {
    const raw = await rawOrigin((socket) => socket.write(said));
    const controller = new AbortController();
    const response = await get(client(), raw.url, { signal: controller.signal });
    setTimeout(() => controller.abort(lost), 50);
    expect(await thrownBy(bodyOf(response))).toBe(lost);
  });

  it("after the response arrived, but before its body is read, throws our own reason to the reader", async () => {
    const raw = await rawOrigin((socket) => socket.write(`${HEADERS}half`));
    const controller = new AbortController();
    const response = await get(client(), raw.url, { signal: controller.signal });
    controller.abort(lost);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await thrownBy(bodyOf(response))).toBe(lost);
  });

  it("after its end has no effect on the next request", async () => {
    const raw = await rawOrigin((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    const http = client();
    const controller = new AbortController();
    await bodyOf(await get(http, raw.url, { signal: controller.signal }));
    controller.abort(lost);
    expect((await read(http, raw.url)).toString()).toBe("ok");
  });
});

/** Heads that are not as they should be, and that curl, wget and browsers read all the same. */
import { afterEach, describe, expect, it } from "vitest";
import { cleanUp, client, get, bodyOf, rawOrigin } from "./http-support.ts";

afterEach(cleanUp);

const BODY = "Content-Length: 2\r\n\r\nok";

describe("a head", () => {
  it.each<[string, string, Readonly<Record<string, string>>]>([
    ["whose lines end with bare line feeds", `HTTP/1.1 200 OK\nX-A: 1\nContent-Length: 2\n\nok`, { "x-a": "1" }],
    ["with a folded header", `HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\n${BODY}`, { "x-a": "1 2" }],
    ["without a reason phrase", `HTTP/1.1 200\r\nX-A: 1\r\n${BODY}`, { "x-a": "1" }],
    ["of HTTP/1.0", `HTTP/1.0 200 OK\r\nX-A: 1\r\n${BODY}`, { "x-a": "1" }],
    ["of 200 KiB", `HTTP/1.1 200 OK\r\n${"X-Long: value 123\r\n".repeat(11_000)}X-A: 1\r\n${BODY}`, { "x-a": "1" }],
    ["in UTF-8", `HTTP/1.1 200 OK\r\nX-A: naïve\r\n${BODY}`, { "x-a": "naïve" }],
    [
      "after informational answers",
      `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\n${BODY}`,
      { "x-a": "1" },
    ],
  ])("%s is read", async (_what, answer, headers) => {
    const raw = await rawOrigin((socket) => socket.end(answer));
    const response = await get(client(), raw.url);
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject(headers);
    expect((await bodyOf(response)).toString()).toBe("ok");
  });

  it("keeps what is not UTF-8 as Latin-1", async () => {
    const answer = Buffer.from(`HTTP/1.1 200 OK\r\nX-A: na\xefve\r\n${BODY}`, "latin1");
    const raw = await rawOrigin((socket) => socket.end(answer));
    expect((await get(client(), raw.url)).headers["x-a"]).toBe("naïve");
  });

  it("gives its cookies one by one", async () => {
    const cookies = "Set-Cookie: a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT\r\nSet-Cookie: b=2\r\n";
    const raw = await rawOrigin((socket) => socket.end(`HTTP/1.1 200 OK\r\n${cookies}${BODY}`));
    const response = await get(client(), raw.url);
    expect(response.setCookies).toEqual(["a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT", "b=2"]);
    response.discard();
  });
});

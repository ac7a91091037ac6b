/** Cookies that are set on the way of a chain of redirects. */
import type { Answer, Asked } from "../answers/answer.ts";
import { byPath, when } from "../answers/compose.ts";
import { redirect, status, whole } from "../answers/http.ts";
import { fetched, refused, type HostileCase } from "../case.ts";

const sent = ({ headers }: Asked): readonly string[] =>
  (headers.get("cookie") ?? "").split(/;\s*/).filter((cookie) => cookie !== "");

/** The file only for these cookies, in any order, and for no other. */
const behind =
  (...cookies: readonly string[]) =>
  (body: Buffer): Answer =>
    when((asked) => sent(asked).toSorted().join() === cookies.toSorted().join(), whole(body), status(400));

const setting = (
  location: Parameters<typeof redirect>[0],
  ...cookies: readonly (string | ((asked: Asked) => string))[]
): Answer =>
  redirect(
    location,
    302,
    ...cookies.map((cookie) => (asked: Asked) => `Set-Cookie: ${typeof cookie === "string" ? cookie : cookie(asked)}`),
  );

const elsewhere = ({ home, name }: Asked): string => `${home.replace("127.0.0.1", "localhost")}/${name}/there`;

/** The first answer sets cookies; the second wants to see them, or to see none. */
const SET: readonly (readonly [name: string, what: string, set: readonly string[], sent: readonly string[]])[] = [
  ["plain", "a cookie is sent back", ["a=1"], ["a=1"]],
  ["two", "two cookies are sent back", ["a=1", "b=2; HttpOnly; SameSite=Lax"], ["a=1", "b=2"]],
  ["replaced", "a cookie that is set twice has its last value", ["a=1", "a=2"], ["a=2"]],
  ["removed", "a cookie with Max-Age 0 is gone", ["a=1", "a=1; Max-Age=0"], []],
  ["expired", "a cookie of the past is not sent", ["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], []],
  ["lasting", "a cookie of the future is sent", ["a=1; Expires=Fri, 31 Dec 2094 00:00:00 GMT; Max-Age=60"], ["a=1"]],
  ["secure", "a secure cookie is not sent without TLS", ["a=1; Secure", "b=2"], ["b=2"]],
  ["other-path", "a cookie of another path is not sent", ["a=1; Path=/not-here", "b=2; Path=/"], ["b=2"]],
  ["foreign-domain", "a cookie of another domain is not sent", ["a=1; Domain=example.org", "b=2"], ["b=2"]],
  ["equals", "a cookie's value has equals signs", ["a=b=c=="], ["a=b=c=="]],
  ["nameless", "a cookie without a name and a value breaks nothing", [";", "b=2"], ["b=2"]],
];

export const cookies: readonly HostileCase[] = [
  ...SET.map(([name, what, set, wanted]) =>
    fetched(`cookie-${name}`, what, (body) => byPath({ there: behind(...wanted)(body) }, setting("there", ...set))),
  ),
  fetched("cookie-wall", "a URL leads to itself, and has the file for who brings its cookie", (body) =>
    when((asked) => sent(asked).includes("seen=yes"), whole(body), setting("file.bin", "seen=yes")),
  ),
  fetched(
    "cookie-counter",
    "a URL leads to itself three times, with another cookie each time",
    (body) => (asked, reply) => {
      const count = Number(/n=(\d)/.exec(sent(asked).join())?.[1] ?? 0);
      (count === 3 ? whole(body) : setting("file.bin", `n=${count + 1}`))(asked, reply);
    },
  ),
  refused(
    "cookie-loop",
    "a URL leads to itself with the same cookie",
    "redirect_loop",
    setting("file.bin", "seen=yes"),
    {
      mostGets: 3,
    },
  ),
  fetched("cookie-own-path", "a cookie of the path is sent there alone", (body) =>
    byPath(
      { there: redirect("deep/there"), "deep/there": behind("deep=1")(body) },
      setting("there", ({ name }) => `deep=1; Path=/${name}/deep`),
    ),
  ),
  fetched("cookie-other-host", "a cookie is not sent to another host", (body) =>
    byPath({ there: behind()(body) }, setting(elsewhere, "a=1")),
  ),
  fetched("cookie-later-chain", "a cookie does not outlive its chain", (body) =>
    byPath({ there: (asked, reply) => status(503)(asked, reply) }, (asked, reply) => {
      if (sent(asked).length > 0) status(400)(asked, reply);
      else if (asked.method === "GET" && asked.nth > 1) whole(body)(asked, reply);
      else setting("there", "a=1")(asked, reply);
    }),
  ),
  fetched("cookie-not-without-redirect", "an answer that is no redirect sets a cookie for nobody", (body) =>
    when((asked) => sent(asked).length === 0, whole(body, "Set-Cookie: a=1"), status(400)),
  ),
];

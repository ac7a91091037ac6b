/** What is in the body, how large it is, and what it is called. */
import { hash } from "node:crypto";
import type { Answer } from "../answers/answer.ts";
import { byMethod, inTurn } from "../answers/compose.ts";
import { bare, chunk, chunked, head, LAST_CHUNK, untilClosed, whole } from "../answers/http.ts";
import { endless, says } from "../answers/raw.ts";
import { bodyOf, fetched, inRun, policy, refused, type HostileCase } from "../case.ts";
import { STRICT_MOST_BYTES } from "../run.ts";

const MIB = 1024 * 1024;
const PAGE = "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body>Who are you?</body></html>\n";
const type = (name: string): string => `Content-Type: ${name}`;

const WITH_MAGIC = [
  "application/pdf",
  "application/zip",
  "application/gzip",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "audio/mpeg",
  "video/mp4",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "application/vnd.ms-excel",
];
const PAGES: readonly (readonly [name: string, what: string, page: string])[] = [
  ["upper-case", "in upper case", "<HTML><BODY>No.</BODY></HTML>"],
  ["blank", "after blanks and empty lines", `\r\n\r\n\t  ${PAGE}`],
  ["bom", "after a byte order mark", `\uFEFF${PAGE}`],
  ["comment", "after a comment", `<!-- saved from url=(0014)about:internet -->\n${PAGE}`],
  ["head", "without its first tag", "<head><title>Sorry</title></head>Sorry."],
];
const NO_PAGES: readonly (readonly [name: string, what: string, body: string, header: string])[] = [
  ["html", "HTML is called HTML", PAGE, "text/html; charset=utf-8"],
  ["text", "HTML is called text", PAGE, "text/plain"],
  ["bytes", "HTML is called bytes", PAGE, "application/octet-stream"],
  ["unknown", "HTML has a type that nobody knows", PAGE, "application/x-unheard-of"],
  ["svg", "an image is XML", '<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"],
  ["xml", "a PDF is XML", '<?xml version="1.0"?><xdp/>', "application/pdf"],
  ["late-pdf", "a PDF begins with a line of text", "generated\n%PDF-1.7\n", "application/pdf"],
  ["json", "a PDF is JSON", '{"error":"<html>"}', "application/pdf"],
];

const html: readonly HostileCase[] = [
  ...WITH_MAGIC.map((name) =>
    refused(
      `html-for-${name.replace(/\W+/g, "-")}`,
      `a page comes as ${name}`,
      `html_instead_of:${name}`,
      whole(PAGE, type(name)),
    ),
  ),
  ...PAGES.map(([name, what, page]) =>
    refused(
      `html-${name}`,
      `a page comes ${what} as PDF`,
      "html_instead_of:application/pdf",
      whole(page, type("application/pdf")),
    ),
  ),
  refused(
    "html-parameters",
    "the type has parameters, and is in upper case",
    "html_instead_of:application/pdf",
    whole(`${PAGE} `, type("Application/PDF; charset=utf-8")),
  ),
  refused(
    "html-chunked",
    "a page comes chunked, as PDF",
    "html_instead_of:application/pdf",
    chunked(`${PAGE}  `, type("application/pdf")),
  ),
  ...NO_PAGES.map(([name, what, body, header]) =>
    fetched(`html-not-${name}`, `${what}, and is stored`, () => whole(body, type(header)), { body: Buffer.from(body) }),
  ),
  fetched("html-no-type", "a page without a type is stored", () => whole(`${PAGE}\n\n`), {
    body: Buffer.from(`${PAGE}\n\n`),
  }),
];

const wrongDigest = "0".repeat(64);
const sizes: readonly HostileCase[] = [
  ...[1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1].map((bytes) =>
    fetched(`size-${bytes}`, `the file has ${bytes} bytes`, whole, { bytes }),
  ),
  fetched("size-8388608-chunked", "8 MiB are chunked", chunked, { bytes: 8 * MIB }),
  fetched("size-expected", "the digest is the list's", whole, { sha256: hash("sha256", bodyOf("size-expected")) }),
  fetched("size-expected-upper", "the list's digest is in upper case", whole, {
    sha256: hash("sha256", bodyOf("size-expected-upper")).toUpperCase(),
  }),
  refused("size-unexpected", "the digest is not the list's", "digest_mismatch", whole("something else"), {
    sha256: wrongDigest,
  }),
  refused("size-unexpected-empty", "the file is empty, and the list's digest is not", "digest_mismatch", whole(""), {
    sha256: wrongDigest,
  }),
  refused(
    "size-unexpected-large",
    "the digest of 9 MiB is not the list's",
    "digest_mismatch",
    whole(bodyOf("unexpected", 9 * MIB)),
    { sha256: wrongDigest },
  ),
];

const SAID_NAMES: readonly (readonly [name: string, what: string, header: string])[] = [
  ["up", "leads out of its folder", 'attachment; filename="../../../../etc/passwd"'],
  ["absolute", "is a path", 'attachment; filename="/etc/cron.d/evil"'],
  ["backslashes", "is a path of Windows", 'attachment; filename="..\\..\\evil.exe"'],
  ["drive", "names a drive", 'attachment; filename="C:\\evil.exe"'],
  ["dots", "is two dots", 'attachment; filename=".."'],
  ["dot", "is a dot", 'attachment; filename="."'],
  ["nul", "holds a NUL", "attachment; filename*=UTF-8''a%00b.txt"],
  ["newline", "holds line ends", "attachment; filename*=UTF-8''a%0D%0Ab.txt"],
  ["escape", "holds what colours a terminal", "attachment; filename*=UTF-8''%1B%5B31mred.txt"],
  ["escaped-up", "leads out of its folder, escaped", "attachment; filename*=UTF-8''..%2F..%2Fevil"],
  ["bad-escape", "holds a broken escape", "attachment; filename*=UTF-8''100%zz.txt"],
  ["bad-charset", "has a charset that nobody knows", "attachment; filename*=KLINGON''x.txt"],
  ["long", "has 1,000 characters", `attachment; filename="${"n".repeat(1000)}.txt"`],
  ["long-utf8", "has 250 characters of 4 bytes", `attachment; filename*=UTF-8''${"%F0%9F%98%80".repeat(250)}`],
  ["device", "is a device of Windows", 'attachment; filename="CON"'],
  ["hidden", "begins with a dot", 'attachment; filename=".bashrc"'],
  ["dash", "begins with a dash", 'attachment; filename="-rf"'],
  ["empty", "is empty", 'attachment; filename=""'],
  ["open-quote", "has one quote", 'attachment; filename="half'],
  ["semicolon", "is followed by a semicolon", 'attachment; filename="a.tar.gz";'],
  ["two", "comes twice", 'attachment; filename="one.txt"; filename="two.txt"'],
  ["latin1", "is in Latin-1", 'attachment; filename="naïve.txt"'],
  ["utf8", "is in UTF-8", 'attachment; filename="日本.txt"'],
  ["override", "reads from right to left", "attachment; filename*=UTF-8''a%E2%80%AEtxt.exe"],
  ["state", "is that of the run's own folder", 'attachment; filename=".fetchonce"'],
  ["same", "is that of another file", 'attachment; filename="same.txt"'],
  ["same-again", "is that of another file, again", 'attachment; filename="same.txt"'],
];

const M = STRICT_MOST_BYTES;
const TOO_LARGE = "too_large";
const unending = (headers: readonly string[], piece: Uint8Array): Answer =>
  byMethod(says(head(200)), (_asked, reply) => {
    reply.send(head(200, headers));
    reply.every(20, endless(piece));
  });
const piece = bodyOf("strict-piece", 100_000);

/** Names are those of the header, and 1 MiB is allowed. */
const strict: readonly HostileCase[] = [
  ...SAID_NAMES.map(([name, what, header]) =>
    fetched(`name-${name}`, `the file's name ${what}`, (body) => whole(body, `Content-Disposition: ${header}`)),
  ),
  fetched("strict-most", "as many bytes as are allowed", whole, { bytes: M }),
  fetched("strict-most-chunked", "as many bytes as are allowed, chunked", chunked, { bytes: M }),
  refused("strict-one-more", "one byte more than is allowed", TOO_LARGE, whole(bodyOf("one-more", M + 1)), policy),
  refused(
    "strict-one-more-chunked",
    "one byte more than is allowed, chunked",
    TOO_LARGE,
    chunked(bodyOf("one-more-chunked", M + 1)),
    policy,
  ),
  refused(
    "strict-one-more-closed",
    "one byte more than is allowed, until the end of the connection",
    TOO_LARGE,
    untilClosed(bodyOf("one-more-closed", M + 1)),
    policy,
  ),
  refused(
    "strict-announced",
    "a petabyte is announced, and does not come",
    TOO_LARGE,
    byMethod(whole(""), bare(200, "Content-Length: 1125899906842624")),
    policy,
  ),
  refused("strict-endless", "a body never ends", TOO_LARGE, unending([], piece), policy),
  refused(
    "strict-endless-chunks",
    "chunks never end",
    TOO_LARGE,
    unending(["Transfer-Encoding: chunked"], chunk(piece)),
    policy,
  ),
  fetched(
    "strict-head-lies",
    "HEAD says a petabyte, and GET is small",
    (body) => byMethod(bare(200, "Content-Length: 1125899906842624"), whole(body)),
    { alone: true },
  ),
  fetched("strict-error-large", "an error of 2 MiB comes once, and then the file", (body) =>
    inTurn(
      (asked, reply) => {
        bare(503, `Content-Length: ${2 * M}`)(asked, reply);
        reply.sendBody(Buffer.alloc(2 * M, "e"));
      },
      says(head(200, ["Transfer-Encoding: chunked"]), chunk(body), LAST_CHUNK),
    ),
  ),
];

export const content: readonly HostileCase[] = [...html, ...sizes, ...inRun("strict", strict)];

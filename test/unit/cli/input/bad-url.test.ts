import { describe, expect, it } from "vitest";
import { CR, URL_1 } from "./bad-support.ts";
import { readStdin } from "./support.ts";

describe("a URL", () => {
  it.each<[what: string, url: string, reason: string]>([
    ["without a scheme", "example.org/2", "not an absolute URL; write https://example.org/2"],
    ["without a scheme, but with a port", "localhost:8080/2", "not an absolute URL; write https://localhost:8080/2"],
    ["that is relative to a scheme", "//example.org/2", "not an absolute URL; write https://example.org/2"],
    ["in angle brackets", "<https://example.org/2>", "not an absolute URL; write https://example.org/2"],
    ["in quotes", `'https://example.org/2',`, "not an absolute URL; write https://example.org/2"],
    ["in Markdown", "[two](https://example.org/2)", "not an absolute URL; write https://example.org/2"],
    ["in an item of a list", "- https://example.org/2.", "not an absolute URL; write https://example.org/2"],
    ["in HTML", '<a href="https://example.org/2">', "not an absolute URL; write https://example.org/2"],
    ["that is a path", "/data/2.csv", "not an absolute URL; write the whole of it, such as https://example.org/file"],
    [
      "that is a path of Windows",
      "C:\\data\\2",
      "not an absolute URL; write the whole of it, such as https://example.org/file",
    ],
    ["that is a word", "nowhere", "not an absolute URL; write the whole of it, such as https://example.org/file"],
    ["of FTP", "ftp://example.org/2", "only http and https are fetched, not ftp; write the file's https address"],
    ["of S3", "S3://bucket/2", "only http and https are fetched, not s3; write the file's https address"],
    ["of data", "data:text/plain,2", "only http and https are fetched, not data; write the file's https address"],
    ["of a file", "file:///data/2", "only http and https are fetched, not file; if it is a list, give its path"],
    ["without slashes", "https:example.org", "not a URL; write two slashes after the scheme, and then the host"],
    ["with three slashes", "https:///example.org", "not a URL; write two slashes after the scheme, and then the host"],
    ["with backslashes", "https:\\\\example.org", "not a URL; write two slashes after the scheme, and then the host"],
    ["without a host", "https://", "not a URL; write two slashes after the scheme, and then the host"],
    ["with a port that cannot be", "https://example.org:99999/", "not a valid URL; look at its host and its port"],
    ["with a host that cannot be", "https://exa^mple.org/", "not a valid URL; look at its host and its port"],
    ["with a blank", "https://example.org/a b", "holds a blank; write %20 for it, or one URL on each line"],
    [
      "with a tab",
      "https://example.org/a\thttps://example.org/b",
      "holds a blank; write %20 for it, or one URL on each line",
    ],
    [
      "with a no-break space",
      "https://example.org/a\u00A0b",
      "holds a blank; write %20 for it, or one URL on each line",
    ],
    ["with a carriage return", "https://example.org/a\rhttps://example.org/b", CR],
    [
      "with a control character",
      "https://example.org/\u001B[31m",
      "holds a character that cannot be seen (U+001B); remove it, or write %1B",
    ],
    [
      "with a NUL byte",
      "https://example.org/\0",
      "holds a character that cannot be seen (U+0000); remove it, or write %00",
    ],
    [
      "with a zero-width space",
      "https://example.org/\u200B",
      "holds a character that cannot be seen (U+200B); remove it, or write %E2%80%8B",
    ],
    [
      "with a mark that turns the direction",
      "https://example.org/\u202Egpj",
      "holds a character that cannot be seen (U+202E); remove it, or write %E2%80%AE",
    ],
    [
      "with a character that is lost",
      "https://example.org/caf\uFFFD",
      "holds a character that the program which wrote the list has lost (U+FFFD); write the list again, in UTF-8",
    ],
    [
      "with a user name and a password",
      "https://me:secret@example.org/",
      "holds a user name or a password, which would be stored and logged; take out what is before the @",
    ],
    [
      "with a user name",
      "https://me@example.org/",
      "holds a user name or a password, which would be stored and logged; take out what is before the @",
    ],
    [
      "that is glued to another",
      "https://example.org/1https://example.org/2",
      "two URLs on one line; write one on each line, or %3A for the second colon if they belong together",
    ],
    [
      "with another behind a comma",
      "https://example.org/1,http://example.org/2",
      "two URLs on one line; write one on each line, or %3A for the second colon if they belong together",
    ],
    [
      "that is too long",
      `https://example.org/${"x".repeat(8192)}`,
      "longer than 8192 characters; such a URL cannot be fetched",
    ],
  ])("%s is refused", async (_, url, reason) => {
    const { entries, said } = await readStdin([`${URL_1}\n`, `${url}\n`]);
    expect(said).toEqual([`standard input, line 2, url: ${reason}`]);
    expect(entries).toHaveLength(1);
  });

  it.each([
    "https://web.archive.org/web/2020id_/https://example.org/",
    "https://example.org/?from=a,https://example.org/",
    "https://example.org/#https://example.org/",
    "HTTPS://EXAMPLE.ORG/A",
    "http://[::1]:8080/",
    "http://127.0.0.1:9000/a%20b?c=d&e='f'",
    "https://b\u00FCcher.example/\u00FC|{}^`",
    "https://example.org/user@example.org",
    "https://example.org",
  ])("%s is accepted", async (url) => {
    expect((await readStdin([`${url}\n`])).entries.map((entry) => entry.message.url)).toEqual([url]);
  });
});

import { describe, expect, it } from "vitest";
import { RESULT_FIELDS } from "../../../../cli/input/read-input.ts";
import { CR, latin1, URL_1, type BadList } from "./bad-support.ts";
import { DIGEST, listsOfTests } from "./support.ts";

const lists = listsOfTests();

describe("a table", () => {
  const NO_URL = "no column is named url; rename the URL's column, or choose it with --url-column from these";
  const OWN = "If it is your own, give it a name that cannot be mistaken";
  it.each<BadList>([
    ["without a URL column", "l.csv", "image,page\nx,y", [`l.csv, line 1, url: ${NO_URL}: "image", "page"`]],
    [
      "with two columns that may hold the URL",
      "l.csv",
      `link,uri\n${URL_1},x`,
      ['l.csv, line 1, url: both "link" and "uri" may hold it; choose one with --url-column'],
    ],
    [
      "without the column that the user chose",
      "l.csv",
      `url,note\n${URL_1},x`,
      ['l.csv, line 1, url: no column is named "image"; --url-column takes one of these: "url", "note"'],
      { urlColumn: "image" },
    ],
    [
      "with a column like sha256",
      "l.csv",
      `url,sha_256\n${URL_1},x`,
      [`l.csv, line 1, sha_256: unknown column; did you mean sha256? ${OWN}`],
    ],
    [
      "with several columns like ours",
      "l.csv",
      `SHA 256,sha-256,checksum_sha256,sah256,Work ID,workid,artifact,artefact_id,url\n`,
      [
        `l.csv, line 1, SHA 256: unknown column; did you mean sha256? ${OWN}`,
        `l.csv, line 1, sha-256: unknown column; did you mean sha256? ${OWN}`,
        `l.csv, line 1, checksum_sha256: unknown column; did you mean sha256? ${OWN}`,
        `l.csv, line 1, sah256: unknown column; did you mean sha256? ${OWN}`,
        `l.csv, line 1, Work ID: unknown column; did you mean work_id? ${OWN}`,
        `l.csv, line 1, workid: unknown column; did you mean work_id? ${OWN}`,
        `l.csv, line 1, artifact: unknown column; did you mean artifact_id? ${OWN}`,
        `l.csv, line 1, artefact_id: unknown column; did you mean artifact_id? ${OWN}`,
      ],
    ],
    [
      "with columns called like fields of the results",
      "l.csv",
      `url,State,Key,job_id\n${URL_1},x,y,z`,
      [
        "l.csv, line 1, State: is the name of a field of the results; choose another",
        "l.csv, line 1, Key: is the name of a field of the results; choose another",
        "l.csv, line 1, job_id: is the name of a field of the results; choose another",
      ],
    ],
    [
      "whose URL column is another than the one called url",
      "l.csv",
      `url,image\nx,${URL_1}`,
      ["l.csv, line 1, url: is the name of a field of the results; choose another"],
      { urlColumn: "image" },
    ],
    [
      "with a column twice",
      "l.csv",
      `url,note,URL,Note\n${URL_1},x,y,z`,
      [
        "l.csv, line 1, URL: two columns have this name; rename one of them",
        "l.csv, line 1, Note: two columns have this name; rename one of them",
      ],
    ],
    [
      "with a column without a name",
      "l.csv",
      `,url,\n0,${URL_1},`,
      [
        "l.csv, line 1, column 1: has no name; give it one, or leave it out",
        "l.csv, line 1, column 3: has no name; give it one, or leave it out",
      ],
    ],
    [
      "with a column that cannot be one",
      "l.csv",
      `url,__proto__\n${URL_1},x`,
      ["l.csv, line 1, __proto__: cannot be a name; choose another"],
    ],
    [
      "without a header",
      "l.csv",
      `x,${URL_1},${DIGEST}\n`,
      [
        "l.csv, line 1: names no columns, but holds a URL; write a line before it that names them, such as: column1,url,sha256",
      ],
    ],
    [
      "without a header, if a column was chosen",
      "l.csv",
      `${URL_1}\n`,
      ["l.csv, line 1: names no columns, but holds a URL; write a line before it that names them, such as: url"],
      { urlColumn: "image" },
    ],
    [
      "whose header spans lines",
      "l.csv",
      `url,"no\nte"\n`,
      ["l.csv, line 1: a quote is open at its end; write the names of the columns on one line"],
    ],
    [
      "whose header has text behind a quote",
      "l.csv",
      `url,"note"s,x\n`,
      ["l.csv, line 1: text follows the closing quote of value 2; a quote within a value is written twice"],
    ],
    [
      "that is JSON lines",
      "l.csv",
      `{"url":"${URL_1}"}\n`,
      ["l.csv, line 1: a JSON object in a list read as CSV; choose --format jsonl"],
    ],
    ["of a classic Mac", "l.csv", `url,note\r${URL_1},x\r`, [`l.csv, line 1: ${CR}`]],
    ["with a carriage return in a line", "l.csv", `url,note\n${URL_1},x\r${URL_1},y\n`, [`l.csv, line 2: ${CR}`]],
    [
      "whose header is in Latin-1",
      "l.csv",
      latin1(`url,gr\u00F6\u00DFe\n${URL_1},7\n`),
      [
        "l.csv, line 1: not UTF-8: the byte F6 follows character 6. If the list is in Latin-1, convert it with: iconv -f WINDOWS-1252 -t UTF-8 LIST > NEW",
      ],
    ],
    [
      "with a line in Latin-1 within quotes",
      "l.csv",
      latin1(`url,note\n${URL_1},"a\n\u00F6\n"\n${URL_1},b\n`),
      [
        "l.csv, line 3: not UTF-8: the byte F6 follows character 0. If the list is in Latin-1, convert it with: iconv -f WINDOWS-1252 -t UTF-8 LIST > NEW",
      ],
    ],
    [
      "with too many values",
      "l.csv",
      `url,note\n\n${URL_1},2,3`,
      ["l.csv, line 3: 3 values for 2 columns; a value with a comma must be in double quotes"],
    ],
    [
      "with too many values between semicolons",
      "l.csv",
      `url;note\n${URL_1};2;3`,
      ["l.csv, line 2: 3 values for 2 columns; a value with a semicolon must be in double quotes"],
    ],
    [
      "with too many values between tabs",
      "l.tsv",
      `url\tnote\n${URL_1}\t2\t3`,
      ["l.tsv, line 2: 3 values for 2 columns; a value with a tab must be in double quotes"],
    ],
    [
      "with too few values",
      "l.csv",
      `url,note\n${URL_1}`,
      ["l.csv, line 2: 1 value for 2 columns; write the others too, empty if there are none"],
    ],
    [
      "with text behind a quote",
      "l.csv",
      `url,note\n${URL_1},"x"y\n${URL_1},z`,
      ["l.csv, line 2: text follows the closing quote of value 2; a quote within a value is written twice"],
    ],
    [
      "with a quote that does not close",
      "l.csv",
      `url,note\n${URL_1},"x\n${URL_1},y`,
      ["l.csv, line 2: a quote opens in this record and does not close; close it. The rest of the list was not read"],
    ],
    [
      "with a quote that does not close soon",
      "l.csv",
      `url,note\n${URL_1},"x\n${`${URL_1},y\n`.repeat(50_000)}"`,
      ["l.csv, line 2: a quote opens in this record and does not close; close it. The rest of the list was not read"],
    ],
    [
      "with empty values",
      "l.csv",
      `work_id,artifact_id,url\n,a,${URL_1}\nw,,${URL_1}\nw,a,\n`,
      [
        "l.csv, line 2, work_id: empty; write an id, or leave work_id out, and it is made from the URL",
        "l.csv, line 3, artifact_id: empty; write an id, or leave artifact_id out, and it is made from the URL",
        "l.csv, line 4, url: empty; write the URL of the file",
      ],
    ],
    [
      "with an id that is too long",
      "l.csv",
      `work_id,url\n${"x".repeat(513)},${URL_1}`,
      ["l.csv, line 2, work_id: longer than 512 characters; write a shorter id"],
    ],
    [
      "with several values that are wrong",
      "l.csv",
      `url,sha256\nftp://example.org/,xyz`,
      [
        "l.csv, line 2, url: only http and https are fetched, not ftp; write the file's https address",
        "l.csv, line 2, sha256: not 64 hexadecimal digits; write the file's SHA-256, or leave it out",
      ],
    ],
  ])("%s is refused", async (_, name, content, said, options) => {
    expect((await lists.read(name, content, options)).said).toEqual(said);
  });

  const NOT_FOR_LISTS = RESULT_FIELDS.filter(
    (field) => !["work_id", "artifact_id", "sha256", "sha512", "md5", "bytes"].includes(field),
  );
  it.each(NOT_FOR_LISTS)("may not have a column of the user's own called %s", async (field) => {
    const { said } = await lists.read("l.csv", `${field},image\nx,${URL_1}`, { urlColumn: "image" });
    expect(said).toEqual([`l.csv, line 1, ${field}: is the name of a field of the results; choose another`]);
  });

  it.each([
    ["an MD5", "d41d8cd98f00b204e9800998ecf8427e", " but 32, which may be an MD5 (field md5)"],
    ["a SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", " but 40, which may be a SHA-1"],
    ["a SHA-512", "ab".repeat(64), " but 128, which may be a SHA-512 (field sha512)"],
    ["base64", Buffer.from(DIGEST, "hex").toString("base64"), " but base64"],
    ["one with its algorithm's name", `sha256:${DIGEST}`, " but with the algorithm's name before them"],
    ["one with a blank", `${DIGEST.slice(0, 32)} ${DIGEST.slice(32)}`, ""],
  ])("says of a digest what it may be: %s", async (_, sha256, hint) => {
    const { said } = await lists.read("l.csv", `url,sha256\n${URL_1},${sha256}`);
    expect(said).toEqual([
      `l.csv, line 2, sha256: not 64 hexadecimal digits${hint}; write the file's SHA-256, or leave it out`,
    ]);
  });
});

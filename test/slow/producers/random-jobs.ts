/** Jobs and URLs drawn from a seed, the strange ones among them. */
import type { Job } from "../../../core/producer/job.ts";

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const HOSTS = ["example.org", "Example.ORG", "bücher.example", "例え.テスト", "127.1", "[2001:db8::1]", "a_b.example."];
const PORTS = ["", "", "", ":80", ":443", ":8080", ":"];
/** Split by blanks. */
const split = (text: string): readonly string[] => text.split(" ");

const PIECES = [
  ...split("a Z 0 9 - _ ~ ! $ & ' ( ) * + , ; = : @ / \\ | ^ ` { } [ ] < > \" % \t \n ? # ?a=1&b=%7e"),
  ...split(".. . %2e %2E%2e %41 %c3%bc %25 %zz %%34 // é e\u0301 漢字 🙂 \u00a0 \u2028 \u007f \u0000 \ufeff \u200b"),
  " ",
];
const LETTERS = [
  ...split('a Z 0 - " \\ / \b \n \u0000 \u001f \u007f \u0080 ß é e\u0301 Å 漢 🙂 \u2028 \u{10ffff} \ufffd'),
  " ",
];

/** Beginnings after which anything may come, also what makes no URL. */
const BEGINNINGS = split("http:// https:// HTTP: https:\\\\ http://h/ http://h/a? http://h.example: http://[");
const HOST_PIECES = [
  ...PIECES,
  ...split("ß ς İ ı ﬁ 。 א ب xn-- xn--bcher-kva 0x7f 256 ::1 \u00ad \u0301 \u3164 \u2024"),
];

export function randomJob(random: () => number): Job {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const many = (from: readonly string[], least: number, most: number): string =>
    Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, () => pick(from)).join("");
  const id = (most: number): string => many(LETTERS, 1, random() < 0.01 ? most : 12);
  const isNamed = random() < 0.8;
  return {
    url: `${pick(["http", "https", "HTTPS"])}://${pick(HOSTS)}${pick(PORTS)}/${many(PIECES, 0, 8)}`,
    ...(isNamed && { work_id: id(500), artifact_id: id(500) }),
    ...(isNamed && random() < 0.2 && { identity: id(500) }),
    ...(random() < 0.2 && { refresh: id(30) }),
    ...(random() < 0.2 && { metadata: { [id(12)]: random() * 10 ** Math.floor(random() * 44 - 22), text: id(60) } }),
    ...(random() < 0.1 && { sha256: "aB".repeat(32), bytes: Math.floor(random() * 1e12) }),
  };
}

export function randomUrl(random: () => number): string {
  const length = 1 + Math.floor(random() * 8);
  const pieces = Array.from({ length }, () => HOST_PIECES[Math.floor(random() * HOST_PIECES.length)]);
  return `${BEGINNINGS[Math.floor(random() * BEGINNINGS.length)]}${pieces.join("")}`;
}

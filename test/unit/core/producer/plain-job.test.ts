/** The quick check of plain jobs makes what the full check makes, or leaves the job to it. */
import { describe, expect, it } from "vitest";
import vectors from "../../../../clients/vectors.json" with { type: "json" };
import { jobIdOf, jobIdOfCanonical } from "../../../../core/model/keys.ts";
import { canonicalUrl, hostOfPlainUrl } from "../../../../core/model/url.ts";
import { checkAnyJob, checkPlainJob } from "../../../../core/producer/check-job.ts";
import type { Job } from "../../../../core/producer/job.ts";
import { randomJob, randomOf, randomUrl } from "../../../slow/producers/random-jobs.ts";

const split = (text: string): readonly string[] => text.split(" ");
const HOSTS = split("example.org a_b.c-d.org localhost 0x7f a.1 xn--bcher-kva.example e.xn--p1ai Example.org a..b -.c");
const PORTS = ["", "", "", ...split(":80 :443 :8443 :080 :65535 :99999")];
const TAILS = split("a b.pdf ? -c /a /a.pdf /./a /a/../b %41 %2F %2f é //a ?a=1 #a & ' \" ~ {} %C3%BC");
const NAMES = [
  undefined,
  ...split('w crawl-7 a" \\ ü 🙂'),
  "a b",
  "x".repeat(512),
  "x".repeat(513),
  "",
  "\n",
  "\u007f",
  7,
];

function usualJob(random: () => number): unknown {
  /** The first one half of the time. */
  const pick = <T>(from: readonly T[]): T | undefined => from[random() < 0.5 ? 0 : Math.floor(random() * from.length)];
  const tail = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(TAILS)).join("");
  const job = {
    work_id: pick(NAMES),
    artifact_id: pick(NAMES),
    url: `${pick(["http", "https"])}://${pick(HOSTS)}${pick(PORTS)}/x${tail}`,
  };
  return random() < 0.1 ? { ...job, [pick(split("sha256 unknown metadata")) ?? ""]: undefined } : job;
}

/** What the quick check takes of the jobs, once both checks have agreed on it. */
function agreedOn(jobs: readonly unknown[]): readonly unknown[] {
  const both = jobs.flatMap((job) => {
    const plain = checkPlainJob(job as Job);
    return plain === undefined ? [] : [{ plain, full: checkAnyJob(job as Job) }];
  });
  expect(both.map(({ plain }) => plain)).toEqual(both.map(({ full }) => full));
  return both;
}

describe("the quick check agrees with the full one", () => {
  it("on all vectors: it takes the plain ones, and none that is refused", () => {
    expect(agreedOn(vectors.jobs.map(({ job }) => job)).length).toBeGreaterThan(3);
    expect(agreedOn(vectors.invalid.map(({ job }) => job))).toEqual([]);
  });

  it("on random jobs, of which it takes many", () => {
    const random = randomOf(4);
    expect(agreedOn(Array.from({ length: 20_000 }, () => usualJob(random))).length).toBeGreaterThan(1_000);
    agreedOn(Array.from({ length: 5_000 }, () => randomJob(random)));
    agreedOn(Array.from({ length: 20_000 }, () => ({ url: randomUrl(random) })));
  });

  it("on what is no job, or has a URL that is too long, and leaves it to the other", () => {
    const long = "https://example.org/".padEnd(8193, "a");
    const others = [null, undefined, 7, "https://example.org/a", [], {}, { url: 7 }, { url: long }];
    expect(others.map((job) => checkPlainJob(job as Job))).toEqual(others.map(() => undefined));
  });
});

it("a plain URL is spelled like its canonical URL, and the id of such a URL is the job's", () => {
  const random = randomOf(5);
  const plain = Array.from({ length: 20_000 }, () => (usualJob(random) as Job).url).filter((url) =>
    hostOfPlainUrl(url),
  );
  expect(plain.length).toBeGreaterThan(1_000);
  for (const url of plain) {
    expect([url, hostOfPlainUrl(url)]).toEqual([canonicalUrl(url), new URL(url).host]);
    const identity = { work_id: 'w"ü', artifact_id: "a\\", url };
    expect(jobIdOfCanonical(identity)).toBe(jobIdOf(identity));
  }
});

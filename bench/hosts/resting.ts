/** One of ten hosts asks to be left alone: whether it is, and what that costs the nine others. */
import { medianOf, rounded, type Figure, type Measurement } from "../harness/measurement.ts";
import { scoped } from "../harness/scope.ts";
import { startCountingOrigins } from "./counting-origins.ts";
import { startGet } from "./get.ts";

const HEALTHY = 9;
const FILES_OF_EACH = 300;
const DELAY_MS = 200;
const REST_S = 30;
const ROUNDS = 3;
/** 0.95 of their speed. */
const MOST_TIME = 1 / 0.95;
/** Requests that were sent before the answer was there arrive until then. */
const ON_THE_WAY_MS = 100;

interface Run {
  /** From the command's start to the end of the last file of the nine. */
  readonly healthyS: number;
  /** When requests came to the tenth host after it had asked for rest. In ms from then. */
  readonly afterMs: readonly number[];
}

/** @param hosts how many of the ten are asked. */
async function run(scope: AsyncDisposableStack, hosts: number): Promise<Run> {
  const counting = Array.from({ length: hosts }, (_, n) => ({ delayMs: DELAY_MS, restS: n < HEALTHY ? 0 : REST_S }));
  const origins = scope.use(await startCountingOrigins(counting));
  const urls = Array.from({ length: FILES_OF_EACH }, (_, n) => origins.urls.map((url) => `${url}/file-${n}`)).flat();
  const tenth = origins.urls[HEALTHY];
  const startedMs = performance.now();
  let healthyMs = startedMs;
  const { ended } = await startGet(scope, urls, [], (url) => {
    if (tenth === undefined || !url.startsWith(`${tenth}/`)) healthyMs = performance.now();
  });
  await ended;
  const { arrivedMs = [], refusedAtMs = 0 } = (await origins.seen())[HEALTHY] ?? {};
  return {
    healthyS: (healthyMs - startedMs) / 1000,
    afterMs: arrivedMs.filter((ms) => ms > refusedAtMs).map((ms) => ms - refusedAtMs),
  };
}

export const hostRest: Measurement = {
  about: `time until the last file of ${HEALTHY} hosts is done, beside a tenth that answers Retry-After: ${REST_S} / without it`,
  async measure(say): Promise<{ figures: readonly Figure[]; remarks: readonly string[] }> {
    const ratios: number[] = [];
    const alone: number[] = [];
    let [atOnce, early] = [0, 0];
    let firstMs = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      const { healthyS: aloneS } = await scoped(async (scope) => run(scope, HEALTHY));
      const { afterMs, healthyS } = await scoped(async (scope) => run(scope, HEALTHY + 1));
      const soon = afterMs.filter((ms) => ms < ON_THE_WAY_MS);
      const later = afterMs.filter((ms) => ms >= ON_THE_WAY_MS);
      atOnce = Math.max(atOnce, soon.length);
      early += later.filter((ms) => ms < REST_S * 1000).length;
      firstMs = Math.min(firstMs, ...later);
      alone.push(aloneS);
      ratios.push(healthyS / aloneS);
      const back = ((later[0] ?? 0) / 1000).toFixed(2);
      say(
        `nine alone: ${aloneS.toFixed(1)} s; beside the tenth: ${healthyS.toFixed(1)} s; it was asked after ${back} s`,
      );
    }
    return {
      figures: [
        { what: "nine hosts alone, median", value: rounded(medianOf(alone), 1), unit: "s" },
        {
          what: "beside the tenth / alone, median",
          value: rounded(medianOf(ratios), 3),
          unit: "x",
          atMost: rounded(MOST_TIME, 3),
        },
        { what: `requests to the tenth within ${REST_S} s`, value: early, unit: "", atMost: 0 },
        { what: `of those on their way, within ${ON_THE_WAY_MS} ms, the most`, value: atOnce, unit: "" },
        { what: "next request to it", value: rounded(firstMs / 1000, 2), unit: "s after its answer" },
      ],
      remarks: [
        `${FILES_OF_EACH} files of 4 KiB on each host, in turns, each request of which is answered after ${DELAY_MS} ms. Usual options. A host is a port of 127.0.0.1. All files were stored.`,
        `The tenth host answers its first GET with 429 and Retry-After: ${REST_S}, and serves its files after that. Times from the command's start. ${ROUNDS} rounds, each of which begins with the nine alone.`,
      ],
    };
  },
};

import { totalUsd } from "../cost/bill.ts";
import { storedResultOf } from "../cost/stored-results.ts";
import { rounded, type Figure, type Measurement } from "../harness/measurement.ts";
import { answersOf, type Answers } from "./answers.ts";

/** With two lanes, 1 % of long jobs may cost the throughput of all at most a tenth. */
const MOST_LOST = 1 / 0.9;

const figure = (what: string, value: number, unit: string, decimals = 0, atMost?: number): Figure => ({
  what,
  value: rounded(value, decimals),
  unit,
  atMost,
});

export function figuresOf({ lanes, rates, sizes, drains, waiting }: Answers): readonly Figure[] {
  return [
    ...lanes.map(({ what, jobsASecond }) => figure(what, jobsASecond, "jobs/s")),
    ...lanes
      .filter(({ what }) => what === "two lanes, HEAD shows the length")
      .map(({ what, share }) => figure(`without long jobs / ${what}`, 1 / share, "x throughput", 3, MOST_LOST)),
    ...rates.flatMap(({ deployment: { name }, jobsASecond, atFirst, afterHours }) => [
      figure(`${jobsASecond} jobs/s, ${name}, at first`, atFirst.jobsASecond, "jobs/s"),
      figure(`${jobsASecond} jobs/s, ${name}, after hours`, afterHours.jobsASecond, "jobs/s"),
    ]),
    ...sizes.flatMap(({ deployment: { name }, outcome: { short, long }, bill, billWithoutLong }) => [
      figure(`${name}: environments of the short lane`, short.meanEnvironments, "", 1),
      figure(`${name}: environments of the long lane`, long?.meanEnvironments ?? 0, "", 1),
      figure(`${name}: a month`, totalUsd(bill), "USD"),
      figure(`${name}: a month, none long`, totalUsd(billWithoutLong), "USD"),
    ]),
    ...drains.map(({ deployment, jobs, allHours }) =>
      figure(`${deployment}: a backlog of ${jobs / 1e6} million`, allHours, "h", 2),
    ),
    ...waiting.map(({ what, jobsASecond }) => figure(what, jobsASecond, "jobs/s")),
  ];
}

export const capacity: Measurement = {
  about:
    "a model, not a measurement: which limit of AWS's binds, cost and drain times; npm run generate makes the page",
  async measure() {
    return {
      figures: figuresOf(answersOf(storedResultOf("cost"), storedResultOf("fixed-costs"))),
      remarks: [
        "An event-driven simulation in virtual time, with a seed: the same code gives the same figures.",
        "What is assumed is in docs/scale.md. AWS's limits are data in bench/capacity/quotas.ts.",
      ],
    };
  },
};

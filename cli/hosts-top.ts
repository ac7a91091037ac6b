import { createCloudWatch } from "../adapters/aws/clients.ts";
import { cloudWatchReport } from "../adapters/aws/insight-report.ts";
import { systemClock } from "../adapters/node/clock.ts";
import { runTopHosts } from "./hosts/top-run.ts";

const { argv, stderr, stdout } = process;
process.exitCode = await runTopHosts(argv.slice(2), {
  stdout,
  stderr,
  clock: systemClock,
  report: cloudWatchReport(createCloudWatch()),
});

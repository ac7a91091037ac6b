import { createClients } from "../adapters/clients.ts";
import { systemClock } from "../adapters/clock.ts";
import { redrive } from "./redrive/run.ts";

const { stdout, stderr, env, argv } = process;
process.exitCode = await redrive(argv.slice(2), {
  stdout,
  stderr,
  clock: systemClock,
  connect: () => createClients(env),
});

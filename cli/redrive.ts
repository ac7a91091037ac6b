import { createClients } from "../adapters/aws/clients.ts";
import { systemClock } from "../adapters/node/clock.ts";
import { redrive } from "./redrive/run.ts";
import { stackAddresses } from "./shared/stack.ts";

const { stdout, stderr, env, argv } = process;
process.exitCode = await redrive(argv.slice(2), {
  stdout,
  stderr,
  clock: systemClock,
  addressesOf: stackAddresses,
  connect: () => createClients(env),
});

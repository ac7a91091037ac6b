import { awsAccount } from "../adapters/aws/account.ts";
import { runPreflight } from "./preflight/run.ts";

const { stdout, stderr, argv } = process;
process.exitCode = await runPreflight(argv.slice(2), { stdout, stderr, connect: awsAccount });

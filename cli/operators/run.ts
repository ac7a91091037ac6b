import { once } from "node:events";
import type { Writable } from "node:stream";
import { RefusalError } from "../../core/document/change-document.ts";
import { batch, type BatchDeps } from "../batch/batch.ts";
import { cancel } from "../cancel/cancel.ts";
import { gate, type GateDeps } from "../gate/gate.ts";
import { hosts, type HostsDeps } from "../hosts/hosts.ts";
import { jobs, type JobsDeps } from "../jobs/jobs.ts";
import { open, type OpenDeps } from "../open/open.ts";
import { priority, type PriorityDeps } from "../priority/priority.ts";
import { redrive, type RedriveDeps } from "../redrive/redrive.ts";
import { status, type StatusDeps } from "../status/status.ts";
import { tail, type TailDeps } from "../tail/tail.ts";
import { timeline, type TimelineDeps } from "../timeline/timeline.ts";
import { sleeper } from "../terminal/sleeper.ts";
import { EXIT } from "../terminal/exit.ts";
import { TYPED } from "../terminal/typed.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { verify, type VerifyDeps } from "../verify/verify.ts";
import type { OperatorsCommand } from "./commands.ts";

export interface OperatorsDeps
  extends
    BatchDeps,
    GateDeps,
    HostsDeps,
    JobsDeps,
    OpenDeps,
    PriorityDeps,
    RedriveDeps,
    StatusDeps,
    TailDeps,
    TimelineDeps,
    VerifyDeps {}

interface Surroundings {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly signal: AbortSignal;
}

/** Reasons and URLs may hold what an origin or a producer wrote. A terminal must not obey it. */
const CONTROLS = /(?!\n)\p{Cc}/gu;

/** Runs a command of the operators'. @returns the exit code. */
export async function operate(
  parsed: OperatorsCommand,
  { signal, stderr, stdout }: Surroundings,
  deps: OperatorsDeps,
): Promise<number> {
  const done = new AbortController();
  const interrupted = once(signal, "abort", { signal: done.signal }).then(() => EXIT.interrupted);
  try {
    // A command writes nothing that half of it would leave broken.
    return await Promise.race([
      answer(parsed, { signal, stderr, stdout }, deps).then((isWell) => (isWell ? EXIT.done : EXIT.failed)),
      interrupted,
    ]);
  } catch (error) {
    stderr.write(`${sentenceOf(error, parsed.command)}\n`);
    return error instanceof UsageError || error instanceof RefusalError ? EXIT.wrongUsage : EXIT.failed;
  } finally {
    interrupted.catch(() => undefined);
    done.abort();
  }
}

/** Errors of AWS and of the network neither say what was asked for nor what to do. */
function sentenceOf(error: unknown, command: string): string {
  if (!(error instanceof Error)) return String(error);
  const isOurs = !("$metadata" in error || "code" in error);
  if (isOurs) return error.message;
  return (
    `${command}: AWS could not be asked: ${error.name}: ${error.message}. Check the region, the network, and what the ` +
    `credentials may do: ${TYPED} ${command} --help says what it needs.`
  );
}

/** @returns false if what was looked at is not as it should be. */
async function answer(
  parsed: OperatorsCommand,
  { signal, stderr, stdout }: Surroundings,
  deps: OperatorsDeps,
): Promise<boolean> {
  const print = (text: string): void => void stdout.write(`${text.replaceAll(CONTROLS, "\ufffd")}\n`);
  const tell = (line: string): void => void stderr.write(`${line}\n`);
  switch (parsed.command) {
    case "status":
      print(await status(parsed.args, deps));
      break;
    case "jobs":
      await jobs(parsed.args, { print }, deps);
      break;
    case "batch":
      await batch(parsed.args, { print, tell }, deps);
      break;
    case "cancel":
      await cancel(parsed.args, { print, tell }, deps);
      break;
    case "priority":
      await priority(parsed.args, { print }, deps);
      break;
    case "timeline":
      print(await timeline(parsed.args, deps));
      break;
    case "tail":
      await tail(parsed.args, { print, tell, signal, sleep: sleeper(signal) }, deps);
      break;
    case "open":
      print(await open(parsed.args, deps));
      break;
    case "verify":
      return verify(parsed.args, { print }, deps);
    case "gate":
      print(await gate(parsed.args, deps));
      break;
    case "hosts":
      print(await hosts(parsed.args, deps));
      break;
    case "redrive":
      await redrive(parsed.args, { print, tell }, deps);
  }
  return true;
}

import type { StackAddresses } from "../../adapters/aws/operators/stack-outputs.ts";
import { sendBatchAhead } from "../../core/batches/send-batch-ahead.ts";
import { type OutgoingMessage, untrackedMessage } from "../../core/model/message.ts";
import type { Queue } from "../../core/ports/queue.ts";
import { messageAhead, type NotSent } from "../../core/recovery/send-ahead.ts";
import { forSelected, type SelectedDeps } from "../shared/for-selected.ts";
import type { Lines } from "../shared/lines.ts";
import { Outcomes } from "../shared/outcomes.ts";
import type { Selection } from "../shared/selection.ts";
import { plural } from "../shared/words.ts";

export interface PriorityDeps extends SelectedDeps {
  readonly senderTo: (queueUrl: string) => Pick<Queue, "send">;
}

type Outcome = "sent" | "selected" | NotSent;
const OUTCOMES = ["sent", "begun", "ended", "selected", "unreadable"] as const satisfies readonly Outcome[];

/** Whatever stops it, what was sent is sent, and the same command goes on: a job's further messages change nothing. */
export async function priority(args: Selection, { print }: Pick<Lines, "print">, deps: PriorityDeps): Promise<void> {
  const { clock } = deps;
  const isDryRun = args.dryRun === true;
  const outcomes = new Outcomes<Outcome>(OUTCOMES, args.json === true, print);
  const addresses = await deps.addressesOf(args.stack);
  const queue = deps.senderTo(urgentQueueOf(addresses));
  const { items } = deps.tableOf(addresses.table);
  const send = async (message: OutgoingMessage): Promise<Outcome> => {
    if (isDryRun) return "selected";
    await queue.send([message]);
    return "sent";
  };
  const notes = await forSelected(
    args,
    {
      found: async (job, item) => {
        const found = messageAhead(item, clock.nowMs());
        outcomes.tell(job, typeof found === "string" ? found : await send(found));
      },
      unbegun: async (job, message) => outcomes.tell(job, await send(untrackedMessage(message))),
      inBatch: async (batch, files, isSelected) =>
        sendBatchAhead({ clock, files, items, queue }, batch, {
          isDryRun,
          isSelected,
          onLine: ({ job_id: jobId, url }, outcome) => outcomes.tell({ jobId, url }, outcome),
        }),
    },
    deps,
  );
  const { begun, ended, selected, sent, unreadable } = outcomes.counts;
  const done = isDryRun
    ? `${plural(selected, "job")} would be sent to the urgent queue. Nothing was sent.`
    : `${plural(sent, "job")} sent to the urgent queue.`;
  outcomes.end([
    done,
    ...(begun === 0
      ? []
      : [`${plural(begun, "job")} had begun before, and ${begun === 1 ? "keeps its" : "keep their"} place.`]),
    ...(ended === 0 ? [] : [`${plural(ended, "job")} had ended before.`]),
    ...notes,
  ]);
  if (unreadable > 0)
    throw new Error(
      `${plural(unreadable, "record")} cannot be read, so nothing was sent for them. \`jobs\` says why; a newer release may read them.`,
    );
}

/** @throws Error if the deployment has none. */
function urgentQueueOf({ stack, urgentQueueUrl }: StackAddresses): string {
  if (urgentQueueUrl !== undefined) return urgentQueueUrl;
  throw new Error(`The stack ${stack} has no output UrgentQueueUrl: its release has no urgent queue. Deploy this one.`);
}

/** A `JobSender` in a world that only the test moves. */
import type { BatchAnswer, BatchEntry, Job } from "../../../../core/producer/job.ts";
import { JobSender, type SenderOptions, type Sent } from "../../../../core/producer/job-sender.ts";

export const jobAt = (index: number): Job => ({ url: `https://host-${index % 3}.example/${index}`, work_id: "w" });
export const jobs = (count: number): Job[] => Array.from({ length: count }, (_, index) => jobAt(index));
export const pathOf = ({ MessageBody }: BatchEntry): string => new URL((JSON.parse(MessageBody) as Job).url).pathname;
export const taken = (entries: readonly BatchEntry[]): BatchAnswer => ({
  Successful: entries.map(({ Id }) => ({ Id })),
});

export type Answer = (entries: BatchEntry[], request: number) => BatchAnswer | Promise<BatchAnswer>;

/** A queue that answers as it is told, and a clock that only the test moves. */
export function senderWorld(answer: Answer = taken, options: Partial<SenderOptions> = {}) {
  const seen = { requests: [] as BatchEntry[][], waits: [] as number[], inFlight: 0, mostInFlight: 0 };
  const lingering: (() => void)[] = [];
  const sender = new JobSender(
    {
      lingerMs: 7,
      async sendBatch(entries) {
        seen.requests.push(entries);
        seen.inFlight += 1;
        seen.mostInFlight = Math.max(seen.mostInFlight, seen.inFlight);
        try {
          return await answer(entries, seen.requests.length - 1);
        } finally {
          seen.inFlight -= 1;
        }
      },
      ...options,
    },
    {
      random: () => 0.5,
      async sleep(ms) {
        if (ms === 7) return new Promise((resolve) => void lingering.push(resolve));
        seen.waits.push(ms);
      },
    },
  );
  return { sender, seen, lingering };
}

export const refusing = (
  entries: readonly BatchEntry[],
  code: string,
  SenderFault: boolean,
  path: string,
): BatchAnswer => {
  const bad = entries.find((entry) => pathOf(entry) === path);
  const failed = bad && { Id: bad.Id, Code: code, Message: "no", SenderFault };
  return { ...taken(entries.filter((entry) => entry !== bad)), ...(failed && { Failed: [failed] }) };
};

export const turns = async (count = 50): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
};

export async function all(sent: AsyncIterable<Sent>): Promise<Sent[]> {
  const found: Sent[] = [];
  for await (const each of sent) found.push(each);
  return found;
}

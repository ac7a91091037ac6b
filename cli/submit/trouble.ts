import type { SendBatch } from "../../core/producer/job.ts";

/** Tells once that a queue takes no messages for now, and again only after it has taken some. */
export function tellingTrouble(sendBatch: SendBatch, signal: AbortSignal, tell: (line: string) => void): SendBatch {
  let isTold = false;
  const note = (trouble: string): void => {
    if (!isTold && !signal.aborted) tell(`The queue does not take all messages for now (${trouble}). Trying again.`);
    isTold = true;
  };
  return async (entries) => {
    try {
      const answer = await sendBatch(entries);
      const [failed] = answer.Failed ?? [];
      if (failed) note(`${failed.Code ?? "Unknown"}: ${failed.Message ?? "no reason given"}`);
      else isTold = false;
      return answer;
    } catch (error) {
      note(String(error));
      throw error;
    }
  };
}

import { hostOf, parseMessage, type JobMessage } from "../model/message.ts";
import type { OutgoingMessage } from "../model/message.ts";
import type { DeadLetter, DeadLetterQueue, Queue } from "../ports/queue.ts";

export interface DeadLettersDeps {
  readonly deadLetters: DeadLetterQueue;
  readonly queue: Pick<Queue, "send">;
}

export interface DeadLettersRequest {
  readonly isDryRun: boolean;
  /** Called once per message: it was sent again, would be sent again (dry run), or is invalid, and why. */
  readonly onLetter: (letter: DeadLetter, outcome: "sent" | "selected" | { readonly problem: string }) => void;
}

interface Valid {
  readonly letter: DeadLetter;
  readonly message: JobMessage;
}

const outgoing = ({ letter, message }: Valid): OutgoingMessage => ({
  body: letter.body,
  group: hostOf(message.url),
});

/**
 * Sends dead letters that are valid messages to the work queue again, and leaves the others where they are. A letter is
 * deleted only after the queue has accepted it. If this is stopped in between, the next run sends the letter again,
 * which changes nothing.
 */
export async function redriveDeadLetters(deps: DeadLettersDeps, request: DeadLettersRequest): Promise<void> {
  const { deadLetters } = deps;
  const kept = new Map<string, DeadLetter>();
  let seenInARow = 0;
  try {
    for (;;) {
      const received = await deadLetters.receive();
      const fresh = received.filter(({ id }) => !kept.has(id));
      for (const letter of received) kept.set(letter.id, letter);
      // Kept letters become visible again after a while. Once as many of them as there are came in a row, all are seen.
      seenInARow = fresh.length > 0 ? 0 : seenInARow + received.length;
      if (received.length === 0 || seenInARow > kept.size) return;
      for (const { letter } of await sendValid(deps, request, fresh)) kept.delete(letter.id);
    }
  } finally {
    if (kept.size > 0) await deadLetters.giveBack([...kept.values()]);
  }
}

async function sendValid(
  { deadLetters, queue }: DeadLettersDeps,
  { isDryRun, onLetter }: DeadLettersRequest,
  letters: readonly DeadLetter[],
): Promise<readonly Valid[]> {
  const valid: Valid[] = [];
  for (const letter of letters) {
    const message = parseMessage(letter.body);
    if (typeof message === "string") onLetter(letter, { problem: message });
    else valid.push({ letter, message });
  }
  if (isDryRun) {
    for (const { letter } of valid) onLetter(letter, "selected");
    return [];
  }
  if (valid.length === 0) return [];
  await queue.send(valid.map(outgoing));
  await deadLetters.delete(valid.map(({ letter }) => letter));
  for (const { letter } of valid) onLetter(letter, "sent");
  return valid;
}

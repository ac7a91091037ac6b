/** Answers made of other answers. */
import type { Answer, Asked } from "./answer.ts";

/** HEAD gets the one, every other method the other. */
export const byMethod =
  (head: Answer, get: Answer): Answer =>
  (asked, reply) =>
    (asked.method === "HEAD" ? head : get)(asked, reply);

/** The first GET gets the first answer, the second GET the second. The last answer stands for HEAD and for the rest. */
export const inTurn =
  (...answers: readonly Answer[]): Answer =>
  (asked, reply) => {
    const index = asked.method === "HEAD" ? answers.length : asked.nth - 1;
    (answers[index] ?? answers.at(-1))?.(asked, reply);
  };

export const when =
  (test: (asked: Asked) => boolean, then: Answer, otherwise: Answer): Answer =>
  (asked, reply) =>
    (test(asked) ? then : otherwise)(asked, reply);

/** By what follows the case's name in the path: `there` is asked for `/<name>/there`. */
export const byPath =
  (answers: Readonly<Record<string, Answer>>, otherwise: Answer): Answer =>
  (asked, reply) =>
    (answers[asked.rest] ?? otherwise)(asked, reply);

export const delayed =
  (ms: number, answer: Answer): Answer =>
  (asked, reply) =>
    reply.after(ms, () => answer(asked, reply));

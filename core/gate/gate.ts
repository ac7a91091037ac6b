/** Percentage of jobs, 0 to 100, that take the guarded path. */
export type Gate = number;

/** @throws TypeError when the text is neither true, false nor a percentage. */
export function parseGate(text: string): Gate {
  const word = text.trim().toLowerCase();
  if (word === "" || word === "false") return 0;
  if (word === "true") return 100;
  const percent = Number(word);
  if (/^\d+(\.\d+)?$/.test(word) && percent <= 100) return percent;
  throw new TypeError(
    `DOCSTOKG_ENABLE_IDEMPOTENCY is "${text}". Write true, false, or the percentage of jobs, 0 to 100.`,
  );
}

/** Nested: a job admitted at some percentage is admitted at every higher one. Ids are hashes, so they spread evenly. */
export const gateAdmits = (gate: Gate, jobId: string): boolean =>
  Number.parseInt(jobId.slice(-8), 16) < (gate / 100) * 2 ** 32;

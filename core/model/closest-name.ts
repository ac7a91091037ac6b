/** Further apart, two names are not a slip of the fingers. */
const MOST_EDITS = 2;

/** Of the known names, the one that was probably meant: but for case and punctuation, or a slip or two. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const plain = squeezed(name);
  const distances = known.map((candidate) => ({ candidate, edits: editsBetween(plain, squeezed(candidate)) }));
  const [best] = distances.toSorted((a, b) => a.edits - b.edits);
  // Of a short name, two edits leave too little.
  const most = plain.length <= 4 ? 1 : MOST_EDITS;
  return best && best.edits <= most ? best.candidate : undefined;
}

const squeezed = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Characters that are added, left out, changed, or swapped with their neighbour (optimal string alignment). */
function editsBetween(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= one.length; i++) {
    const above = rows[i - 1] ?? [];
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      const isSwap = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        (row[j - 1] ?? 0) + 1,
        (above[j] ?? 0) + 1,
        (above[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (rows[i - 2]?.[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}

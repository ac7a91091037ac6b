/**
 * Runs so many copies of `lane` at a time. Lanes that take from one iterator share its entries, in order: an entry that
 * takes long holds up its own lane alone.
 */
export const inLanes = async (lanes: number, lane: () => Promise<void>): Promise<void> =>
  void (await Promise.all(Array.from({ length: lanes }, lane)));

/** Names in the table `facts`. */

/** The newest time that a run has seen. The clock of the next run does not start before it. */
export const LAST_SEEN = "last_seen_ms";

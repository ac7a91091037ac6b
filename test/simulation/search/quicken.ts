/**
 * Prepares a process that runs many schedules. Nobody reads the stack traces of faults, which are errors. Powertools
 * reads the environment several times for each operation, and a plain object answers faster than the real one.
 */
export function quicken(): void {
  Error.stackTraceLimit = 0;
  process.env = { ...process.env };
}

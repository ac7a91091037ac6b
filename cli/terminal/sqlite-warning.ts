/**
 * Keeps Node's warning that node:sqlite is experimental off the terminal, and no other warning. Node prints it when the
 * module is loaded, so everything that loads it must be imported afterwards.
 */
export function silenceSqliteWarning(): void {
  const warn = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void;
  process.emitWarning = (...args: readonly unknown[]) => {
    const [text, type] = args;
    if (type === "ExperimentalWarning" && String(text).startsWith("SQLite ")) return;
    warn(...args);
  };
}

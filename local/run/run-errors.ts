/** Another run has the folder. */
export class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";

  constructor(out: string) {
    super(`Another run is working in ${out}. Wait for it to end, stop it, or choose another directory with --out.`);
  }
}

/** This machine stopped the run. The message says what happened and where. No job was charged; the next run goes on. */
export class StoppedByMachineError extends Error {
  override readonly name = "StoppedByMachineError";
}

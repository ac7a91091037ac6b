/** What a run told of a job that ended. */
export interface Told {
  readonly jobId: string;
  /** Key of its content; null if nothing was stored. */
  readonly key: string | null;
  /** Its name below `files/`. */
  readonly name: string | null;
}

/** Begins the path of a file that does not exist, at which the program looks to be seen doing so. */
export const MARKER = "/told/";

import type { Reply } from "./reply.ts";

/** A request, as the origin of a case sees it. */
export interface Asked {
  readonly method: string;
  /** As in the request line. */
  readonly target: string;
  /** Of the case. */
  readonly name: string;
  /** What follows `/<name>/` in the target. */
  readonly rest: string;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** `http://127.0.0.1:<port>` */
  readonly home: string;
  /** From 1: among the case's requests with this method. */
  readonly nth: number;
}

/** What an origin does when it has received the head of a request. */
export type Answer = (asked: Asked, reply: Reply) => void;

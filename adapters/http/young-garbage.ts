import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collector = (options: { readonly type: "minor" }) => unknown;

/** Lambda exposes the garbage collector by default; elsewhere a flag is needed. */
function exposedCollector(): Collector {
  setFlagsFromString("--expose-gc");
  return globalThis.gc ?? (runInNewContext("gc") as Collector);
}

/** Must be told of bytes that were received and are no longer needed. */
export interface YoungGarbage {
  received(bytes: number): void;
}

/**
 * Node allocates each piece of a body outside V8's heap, twice, and V8 lets 90 MiB of them pile up before it collects.
 * A minor collection per MiB keeps them under 15 MiB, and costs no more processor time than the major collections that
 * it makes unnecessary (docs/benchmarks.md).
 */
export function youngGarbage(everyBytes = 1024 * 1024): YoungGarbage {
  const collect = exposedCollector();
  let sinceLast = 0;
  return {
    received(bytes) {
      sinceLast += bytes;
      if (sinceLast < everyBytes) return;
      sinceLast = 0;
      void collect({ type: "minor" });
    },
  };
}

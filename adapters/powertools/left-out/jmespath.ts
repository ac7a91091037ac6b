/** Powertools finds its key in an event by a JMESPath. Ours is given to it: 23 KB of the worker's bundle. */
export const search = (): never => {
  throw new Error("JMESPath is not part of this bundle. Take the alias in infra/bundling/bundle.ts out.");
};

/** One is made, and never asked. */
export const PowertoolsFunctions = Object;

/** Event streams are how S3 Select and some other services answer. We call none of them: 15 KB of each bundle. */
const leftOut = (): never => {
  throw new Error("Event streams are not part of this bundle. Take the alias in infra/bundling/bundle.ts out.");
};

export const eventStreamSerdeProvider = leftOut;
export const EventStreamSerde = leftOut;
export const resolveEventStreamSerdeConfig = <T>(config: T): T => config;

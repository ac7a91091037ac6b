/** `import { Producer } from "fetchonce"`: sends jobs to the queue of a deployed system. */
import { setTimeout } from "node:timers/promises";
import { systemRandom } from "../adapters/node/random.ts";
import { JobSender, type SenderOptions, type SenderSurroundings } from "../core/producer/job-sender.ts";

/** `sleep` and `random` are for tests. */
export type ProducerOptions = SenderOptions & Partial<SenderSurroundings>;

export class Producer extends JobSender {
  constructor(options: ProducerOptions) {
    const { random = () => systemRandom.fraction(), sleep = waitFor } = options;
    super(options, { random, sleep });
  }
}

const waitFor = async (ms: number): Promise<void> => setTimeout(ms);

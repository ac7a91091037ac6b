import { join } from "node:path";
import { z } from "zod";
import { namesIn, readJson, type Workshop } from "./disk.ts";
import { S3Error } from "./errors.ts";
import { parsePolicy, type Policy } from "./policy.ts";

const record = z.object({
  createdMs: z.number(),
  policy: z.string().optional(),
  lifecycle: z.string().optional(),
});

type BucketRecord = z.output<typeof record>;

interface Bucket extends BucketRecord {
  readonly enforced: Policy | undefined;
}

/** S3's rules. They also make a name safe as a folder name. */
const BUCKET_NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** The buckets and their configuration: one small JSON file for each, and all of them in memory. */
export class BucketStore {
  readonly #directory: string;
  readonly #workshop: Workshop;
  readonly #buckets = new Map<string, Bucket>();

  constructor(stateDir: string, workshop: Workshop) {
    this.#directory = join(stateDir, "buckets");
    this.#workshop = workshop;
  }

  async load(): Promise<void> {
    for (const name of await namesIn(this.#directory)) {
      const stored = record.parse(await readJson(join(this.#directory, name)));
      this.#buckets.set(name.replace(/\.json$/, ""), enforceable(stored));
    }
  }

  async create(name: string): Promise<void> {
    if (!BUCKET_NAME.test(name)) throw new S3Error("InvalidBucketName", `"${name}" is not a valid bucket name.`);
    if (!this.#buckets.has(name)) await this.#save(name, { createdMs: Date.now() });
  }

  get(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error("NoSuchBucket", `There is no bucket ${name}. Create it first.`);
    return bucket;
  }

  list(): readonly { readonly name: string; readonly createdMs: number }[] {
    return [...this.#buckets]
      .map(([name, { createdMs }]) => ({ name, createdMs }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async configure(name: string, change: Pick<BucketRecord, "policy" | "lifecycle">): Promise<void> {
    const { createdMs, policy, lifecycle } = this.get(name);
    await this.#save(name, { createdMs, policy, lifecycle, ...change });
  }

  async #save(name: string, stored: BucketRecord): Promise<void> {
    const bucket = enforceable(stored);
    await this.#workshop.writeJson(join(this.#directory, `${name}.json`), stored);
    this.#buckets.set(name, bucket);
  }
}

function enforceable(stored: BucketRecord): Bucket {
  return { ...stored, enforced: stored.policy === undefined ? undefined : parsePolicy(stored.policy) };
}

import { DocumentReader, type DocumentReaderDeps } from "../document/document-reader.ts";
import type { Item } from "../model/write.ts";
import { RetryableError } from "../model/errors.ts";
import type { HostRule } from "./host-rule.ts";
import { HOST_RULES_KEY, hostRulesOf } from "./host-rules-found.ts";

/** The operators' rules, which come before those of the environment. */
export interface OperatorsRules {
  /** Of the last answer, however old. The same list until another one is read. */
  readonly rules: readonly HostRule[];
  /** Reads them if the last answer is not fresh. @throws as `check` does. */
  refresh(): Promise<void>;
  /**
   * To be called before something is begun at a host.
   * @throws RetryableError when the last answer is too old: an operator may have tightened a limit since.
   */
  check(): void;
}

const NONE: readonly HostRule[] = [];

/** One per worker process. */
export class HostRulesReader implements OperatorsRules {
  readonly #document: DocumentReader<readonly HostRule[]>;

  constructor(deps: DocumentReaderDeps) {
    const { telemetry } = deps;
    const of = (item: Item | undefined): readonly HostRule[] => {
      if (!item) return NONE;
      const { problem, rules } = hostRulesOf(item);
      if (problem !== undefined)
        telemetry.log("error", "The operators' rules of hosts are damaged. The environment's hold there.", {
          item: HOST_RULES_KEY,
          problem,
        });
      return rules;
    };
    this.#document = new DocumentReader(deps, { key: HOST_RULES_KEY, called: "The rules of hosts", of });
  }

  get rules(): readonly HostRule[] {
    return this.#document.known ?? NONE;
  }

  async refresh(): Promise<void> {
    await this.#document.refresh();
    this.check();
  }

  check(): void {
    if (!this.#document.isTrusted) throw new RetryableError("host_rules_unknown", { failureClass: "system" });
  }
}

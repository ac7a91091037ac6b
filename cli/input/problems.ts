import { describeProblem } from "../../core/lists/describe-problem.ts";
import type { InputProblem } from "../../core/ports/list-items.ts";

const MOST_PROBLEMS_SHOWN = 20;

/** Lines that are not valid, of which the first twenty are told. */
export class Problems {
  readonly #name: string;
  readonly #tell: (line: string) => void;
  count = 0;

  constructor(name: string, tell: (line: string) => void) {
    this.#name = name;
    this.#tell = tell;
  }

  add(problem: InputProblem): void {
    this.count += 1;
    if (this.count <= MOST_PROBLEMS_SHOWN) this.#tell(describeProblem(this.#name, problem));
  }

  finish(): void {
    const more = this.count - MOST_PROBLEMS_SHOWN;
    if (more > 0) this.#tell(`and ${more} more`);
  }
}

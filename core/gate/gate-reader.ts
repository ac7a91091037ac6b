import { DocumentReader, type DocumentReaderDeps } from "../document/document-reader.ts";
import { gateAdmits, type Gate } from "./gate.ts";
import { GATE_KEY, gatePercentOf } from "./gate-document.ts";
import type { Item } from "../model/write.ts";

/** What the gate document in the table says. */
export interface GateDocumentPort {
  /** @throws GateUnknownError when the document cannot be read: the message then comes back. */
  admits(jobId: string): Promise<boolean>;
}

class GateUnknownError extends Error {
  override readonly name = "GateUnknownError";

  constructor() {
    super(
      `The gate document ${GATE_KEY} cannot be read. Check the table, or set DOCSTOKG_ENABLE_IDEMPOTENCY to false.`,
    );
  }
}

const percentOf = (item: Item | undefined): Gate => (item ? gatePercentOf(item) : 100);

/** One per worker process. */
export class GateReader implements GateDocumentPort {
  readonly #document: DocumentReader<Gate>;

  constructor(deps: DocumentReaderDeps) {
    this.#document = new DocumentReader(deps, { key: GATE_KEY, called: "The gate document", of: percentOf });
  }

  async admits(jobId: string): Promise<boolean> {
    await this.#document.refresh();
    const { known } = this.#document;
    if (known === undefined) throw new GateUnknownError();
    if (!gateAdmits(known, jobId)) return false;
    if (!this.#document.isTrusted) throw new GateUnknownError();
    return true;
  }
}

/** An event for the bus, with one announcement or several. */
export interface BusEvent {
  readonly source: string;
  readonly type: string;
  /** JSON. */
  readonly detail: string;
}

interface PublishedEvents {
  /** How many events the bus has accepted, counted up to the first that it refused. */
  readonly taken: number;
  /** Why it refused that one; undefined if it accepted them all. */
  readonly refusal?: string;
}

/** The bus on which stored artifacts are announced. */
export interface AnnouncementBus {
  /** @throws when the bus did not answer: it may have accepted any of them. */
  publish(events: readonly BusEvent[]): Promise<PublishedEvents>;
}

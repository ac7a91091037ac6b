import {
  announcement,
  announcementBatch,
  EVENT_TYPES,
  failure,
  failureBatch,
  type Announcement,
  type Failure,
} from "../../../core/model/announcement.ts";
import type { AnnouncementBus, BusEvent } from "../../../core/ports/announcement-bus.ts";

/** The announcements of an event, as a consumer reads them. */
export function announcementsIn({ detail, type }: BusEvent): readonly Told[] {
  const read: unknown = JSON.parse(detail);
  switch (type) {
    case EVENT_TYPES.stored.batch:
      return announcementBatch.parse(read).announcements;
    case EVENT_TYPES.failed.batch:
      return failureBatch.parse(read).announcements;
    case EVENT_TYPES.failed.single:
      return [failure.parse(read)];
    default:
      return [announcement.parse(read)];
  }
}

export type Told = Announcement | Failure;

/** A reopened job may fail again. That is another end. */
export const failedEnd = (jobId: string, redrives: number): string => `${jobId} FAILED ${redrives}`;
const endOf = (told: Told): string => (told.state === "FAILED" ? failedEnd(told.id, told.redrives) : told.id);

/** An event bus that accepts each event by itself. Subscribers identify an announcement by its job's end. */
export class SimulatedBus {
  /** The latest accepted announcement of each end. */
  readonly announced = new Map<string, Told>();
  /** All ends that were ever announced. */
  readonly ends = new Set<string>();
  readonly #check: (told: Told, before: Told | undefined) => void;
  readonly #refuse: (why: unknown) => void;
  #isRefused: (() => boolean) | undefined;

  /** @param refuse is told of an event that no consumer can read. The bus itself takes any. */
  constructor(check: (told: Told, before: Told | undefined) => void, refuse: (why: unknown) => void) {
    this.#check = check;
    this.#refuse = refuse;
  }

  /** Refuses some events of the next batch and accepts the others. `isRefused` is called once per event. */
  refuseOfNext(isRefused: () => boolean): void {
    this.#isRefused = isRefused;
  }

  #read(event: BusEvent): readonly Told[] {
    try {
      return announcementsIn(event);
    } catch (error) {
      this.#refuse(error);
      return [];
    }
  }

  readonly port: AnnouncementBus = {
    publish: async (events) => {
      const isRefused = this.#isRefused ?? (() => false);
      this.#isRefused = undefined;
      const refused = events.map((event) => {
        if (isRefused()) return true;
        for (const told of this.#read(event)) {
          this.#check(told, this.announced.get(endOf(told)));
          this.announced.set(endOf(told), told);
          this.ends.add(endOf(told));
        }
        return false;
      });
      const first = refused.indexOf(true);
      return first < 0 ? { taken: events.length } : { taken: first, refusal: "InternalFailure" };
    },
  };
}

import { announcement, announcementBatch, BATCH_TYPE, type Announcement } from "../../../core/model/announcement.ts";
import type { AnnouncementBus, BusEvent } from "../../../core/ports/announcement-bus.ts";

/** The announcements of an event, as a consumer reads them. */
export const announcementsIn = ({ detail, type }: BusEvent): readonly Announcement[] => {
  const read: unknown = JSON.parse(detail);
  return type === BATCH_TYPE ? announcementBatch.parse(read).announcements : [announcement.parse(read)];
};

/** An event bus that accepts each event by itself. Subscribers identify an announcement by its id. */
export class SimulatedBus {
  /** The latest accepted announcement of each id. */
  readonly announced = new Map<string, Announcement>();
  readonly #check: (announcement: Announcement, before: Announcement | undefined) => void;
  #isRefused: (() => boolean) | undefined;

  constructor(check: (announcement: Announcement, before: Announcement | undefined) => void) {
    this.#check = check;
  }

  /** Refuses some events of the next batch and accepts the others. `isRefused` is called once per event. */
  refuseOfNext(isRefused: () => boolean): void {
    this.#isRefused = isRefused;
  }

  readonly port: AnnouncementBus = {
    publish: async (events) => {
      const isRefused = this.#isRefused ?? (() => false);
      this.#isRefused = undefined;
      const refused = events.map((event) => {
        if (isRefused()) return true;
        for (const told of announcementsIn(event)) {
          this.#check(told, this.announced.get(told.id));
          this.announced.set(told.id, told);
        }
        return false;
      });
      const first = refused.indexOf(true);
      return first < 0 ? { taken: events.length } : { taken: first, refusal: "InternalFailure" };
    },
  };
}

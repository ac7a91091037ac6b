import type { Announcement } from "../../../core/model/announcement.ts";
import type { AnnouncementBus } from "../../../core/ports/announcement-bus.ts";

/** An event bus that accepts each event by itself. Subscribers identify an event by its id. */
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
    publish: async (announcements) => {
      const isRefused = this.#isRefused ?? (() => false);
      this.#isRefused = undefined;
      const refused = announcements.map((announcement) => {
        if (isRefused()) return true;
        this.#check(announcement, this.announced.get(announcement.id));
        this.announced.set(announcement.id, announcement);
        return false;
      });
      const first = refused.indexOf(true);
      return first < 0 ? { taken: announcements.length } : { taken: first, refusal: "InternalFailure" };
    },
  };
}

import type { Announcement } from "../model/announcement.ts";

interface PublishedAnnouncements {
  /** How many the bus has taken, counted up to the first that it refused. */
  readonly taken: number;
  /** Why it refused that one; undefined when it took them all. */
  readonly refusal?: string;
}

/** Where those listen who want to know what was stored. */
export interface AnnouncementBus {
  /** @throws when the bus did not answer: it may have taken any of them. */
  publish(announcements: readonly Announcement[]): Promise<PublishedAnnouncements>;
}

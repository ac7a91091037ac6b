import type { Announcement } from "../model/announcement.ts";

interface PublishedAnnouncements {
  /** How many announcements the bus has accepted, counted up to the first that it refused. */
  readonly taken: number;
  /** Why it refused that one; undefined if it accepted them all. */
  readonly refusal?: string;
}

/** The bus on which stored artifacts are announced. */
export interface AnnouncementBus {
  /** @throws when the bus did not answer: it may have accepted any of them. */
  publish(announcements: readonly Announcement[]): Promise<PublishedAnnouncements>;
}

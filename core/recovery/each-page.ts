import type { JobPage, JobPages } from "../ports/items.ts";

/** All pages, one after the other. Whoever has seen enough stops asking. */
export async function* eachPage(pages: JobPages): AsyncGenerator<JobPage, void, void> {
  let from: string | undefined;
  do {
    const page = await pages.page(from);
    yield page;
    from = page.next;
  } while (from !== undefined);
}

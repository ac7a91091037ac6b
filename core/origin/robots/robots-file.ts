/** What a robots.txt says (RFC 9309) to this program. */
import robotsParser from "robots-parser";

/** Its types are those of a module of another kind. */
const parse = robotsParser as unknown as typeof robotsParser.default;

/** The product token, to which a group of rules may be addressed. */
const PRODUCT_TOKEN = "fetchonce";
/** RFC 9309, 2.5: at least so much of a file must be read. The rest is left aside. */
const MOST_BYTES = 500 * 1024;
const LONGEST_DELAY_MS = 30_000;
/**
 * Comparing a path with a pattern takes up to as many steps as the product of their lengths, and the origin chooses
 * both. A path is compared as far as this number of steps allows, which is wholly, unless both are very long.
 */
const MOST_STEPS = 50_000_000;

export interface RobotsFile {
  /** In characters: a measure of the memory that it takes. */
  readonly length: number;
  /** How long one request must come after another. 0: the file does not say. */
  readonly crawlDelayMs: number;
  allows(url: URL): boolean;
}

export const ALLOWS_ALL: RobotsFile = { length: 0, crawlDelayMs: 0, allows: () => true };

/** @param url of the file. It speaks for the URLs of the same scheme, host and port. */
export function robotsFile(url: string, text: string): RobotsFile {
  const robots = parse(url, text);
  const delayMs = (robots.getCrawlDelay(PRODUCT_TOKEN) ?? 0) * 1000;
  const longestPath = Math.floor(MOST_STEPS / mostStepsACharacter(text));
  return {
    length: text.length,
    crawlDelayMs: delayMs > 0 ? Math.min(delayMs, LONGEST_DELAY_MS) : 0,
    allows: ({ origin, pathname, search }) => {
      const path = (pathname + search).slice(0, longestPath);
      return robots.isAllowed(origin + path, PRODUCT_TOKEN) !== false;
    },
  };
}

/** Only a wildcard makes a pattern go on after the first character that differs. */
function mostStepsACharacter(text: string): number {
  const lines = text.split(/[\r\n]+/);
  return lines.reduce((sum, line) => sum + (line.includes("*") ? line.length : 1), 0);
}

/** The text of a body, as far as it is read. */
export async function robotsText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let left = MOST_BYTES;
  for await (const piece of body) {
    text += decoder.decode(piece.subarray(0, left), { stream: true });
    left -= piece.length;
    // The line that is cut might say something else than the whole one.
    if (left < 0) return text.slice(0, text.lastIndexOf("\n") + 1);
  }
  return text + decoder.decode();
}

/** Mutants of bodies that come over several connections. */
import { inFile, type Mutant } from "../mutant.ts";

export const RANGES_MUTANTS: readonly Mutant[] = [
  ...inFile("core/transfer/resume.ts", [
    ["a range is believed wherever it ends", "    (end === undefined || range.end === end - 1) &&\n", ""],
    [
      "a range of another version is believed",
      "(validator === undefined || !isSameKind(validator, version.validator) || validator === version.validator)",
      "true",
    ],
  ]),
  ...inFile("core/transfer/ranges-ahead.ts", [
    ["ranges are read in another order", "this.#flights.push(flight);", "this.#flights.unshift(flight);"],
    ["a range is read before it has come", "        await next.ended;\n", ""],
    [
      "ranges are fetched over what was not read yet",
      "return offset < end && end <= this.#read + length ?",
      "return offset < end ?",
    ],
    ["more ranges are under way than was decided", "let free = count - this.#underWay;", "let free = count;"],
    [
      "a range takes more bytes than it has",
      '      if (piece.length > place.length - flight.filled) throw new RetryableError("torn_body");\n',
      "",
    ],
    ["a range that did not come counts as read", "this.#read = offset + filled;", "this.#read = end;"],
    [
      "what is fetched ahead is not waited for",
      "      await Promise.all(this.#flights.map(async ({ ended }) => ended));\n",
      "",
    ],
    [
      "the memory of ranges is never given back",
      "ended));\n      this.#deps.buffers.giveBack(this.#ring);\n",
      "ended));\n",
    ],
    [
      "the memory of a first range that was refused is never given back",
      "    } catch (error) {\n      deps.buffers.giveBack(ring);\n",
      "    } catch (error) {\n",
    ],
  ]),
  ...inFile("core/transfer/parallel-body.ts", [
    [
      "a body is whole when one of its ranges did not come",
      "  if (ahead.read < source.version.totalBytes) yield* oneAgain(deps, source, ahead);\n",
      "",
    ],
    [
      "one connection goes on at another byte",
      "const { failure, read: offset } = ahead;",
      "const { failure } = ahead;\n  const offset = ahead.read + 1;",
    ],
    [
      "an origin that sends no range has no file",
      "    deps.ranges.wasUseless(finalUrl, deps.clock.nowMs());\n    return undefined;",
      "    throw error;",
    ],
    ["a small body comes in ranges", "const LEAST_PARTS = 5;", "const LEAST_PARTS = 1;"],
  ]),
  ...inFile("core/transfer/connections.ts", [
    ["there is no limit to connections", "Math.min(2 * this.#count, this.#most)", "2 * this.#count"],
  ]),
];

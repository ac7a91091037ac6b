/** Mutants of transfers. */
import { inFile, type Mutant } from "../mutant.ts";

export const TRANSFER_MUTANTS: readonly Mutant[] = [
  ...inFile("core/transfer/resume.ts", [
    ["a resume sends no If-Range", '  "if-range": checkpoint.validator,\n', ""],
    ["a 206 is accepted whatever offset it starts at", "    range?.start === checkpoint.offset &&\n", ""],
    [
      "any response is accepted as the rest of the body",
      "    response.status === 206 &&\n    range?.start === checkpoint.offset &&\n    range.totalBytes === checkpoint.totalBytes &&\n",
      "",
    ],
    [
      "a partly staged file counts as complete",
      'checkpoint.offset === checkpoint.totalBytes ? "complete"',
      'checkpoint.offset > 0 ? "complete"',
    ],
    [
      "a resume starts one byte late",
      "range: `bytes=${checkpoint.offset}-`",
      "range: `bytes=${checkpoint.offset + 1}-`",
    ],
  ]),
  ...inFile("core/transfer/body-stager.ts", [
    [
      "starting over counts as progress",
      "this.#isProgress = this.#superseded === undefined;",
      "this.#isProgress = true;",
    ],
    [
      "a checkpoint includes parts that are not acknowledged",
      "const pending = this.#parts.findIndex((part) => part.etag === undefined);",
      "const pending = -1;",
    ],
    [
      "a truncated body is accepted as whole",
      "if (totalBytes !== undefined && totalBytes !== this.#received) throw",
      "if (totalBytes === -1) throw",
    ],
    [
      "a failed part upload goes unnoticed",
      "      this.#failure ??= error;\n      this.#deps.buffers.letGo();",
      "      this.#deps.buffers.letGo();",
    ],
    [
      "an upload that cannot be resumed is not aborted",
      "    await this.#deps.staging.abortUpload(this.#upload).catch(() => undefined);\n",
      "",
    ],
    [
      "a resumed body forgets its earlier parts",
      'this.#parts = soFar?.parts.map(({ bytes, etag }) => ({ bytes, etag, hashState: "" })) ?? [];',
      "this.#parts = [];",
    ],
    ["a resumed body is hashed only from the resume point", "this.#hash = soFar?.hash;", "this.#hash = undefined;"],
    [
      "all attempts stage under one key",
      "this.#stagedBy = soFar?.stagedBy ?? owner.stagedBy;",
      'this.#stagedBy = "1";',
    ],
    ["parts are numbered in the wrong order", "partNumber: index + 1,", "partNumber: this.#parts.length - index,"],
    [
      "a failed part's buffer is used again",
      "      this.#failure ??= error;\n      this.#deps.buffers.letGo();",
      "      this.#failure ??= error;\n      this.#deps.buffers.giveBack(buffer);",
    ],
    [
      "a part's buffer is used again before the part is uploaded",
      "    const body = buffer.subarray(0, length);\n",
      "    const body = buffer.subarray(0, length);\n    buffers.giveBack(buffer);\n",
    ],
    ["the buffer of a part is never given back", "    this.#deps.buffers.giveBack(buffer);\n", ""],
    ["the buffer of a whole body is never given back", "        buffers.giveBack(last);\n", ""],
    ["the buffer of a body that was cut is never given back", "      if (held) buffers.letGo();\n", ""],
    [
      "a superseded upload is aborted under another key",
      "{ key: stagingKey(this.#owner.jobId, stagedBy), uploadId }",
      "{ key: stagingKey(this.#owner.jobId, this.#stagedBy), uploadId }",
    ],
    [
      "a superseded upload is aborted before a checkpoint takes its place",
      "        await this.#owner.saveCheckpoint(next, this.#isProgress);",
      "        await this.#abortSuperseded();\n        await this.#owner.saveCheckpoint(next, this.#isProgress);",
    ],
    ["a superseded upload is never aborted", "        await this.#abortSuperseded();\n", ""],
    [
      "a failed transfer does not wait for its parts",
      "      await this.#drain();\n      if (!(error",
      "      if (!(error",
    ],
    [
      "a superseded upload's abort is not awaited",
      "    await this.#deps.staging.abortUpload({ key:",
      "    void this.#deps.staging.abortUpload({ key:",
    ],
  ]),
  ...inFile("core/transfer/origin.ts", [["a redirect is not discarded", "    response.discard();\n", ""]]),
  ...inFile("core/transfer/transfer.ts", [
    [
      "staged parts are not compared with the checkpoint",
      "return digest === partsDigest ? found.slice(0, index + 1) : undefined;",
      "return found.slice(0, index + 1);",
    ],
    [
      "a new version is appended to the old version's parts",
      "if (isAnotherVersion) return startOver(deps, owner, response, signal);",
      "if (isAnotherVersion) return new BodyStager(deps, owner, checkpoint, soFar).stage(response.body);",
    ],
    [
      "an error page is accepted as the body",
      "if (response.status !== 200) throw statusError(response, deps.clock.nowMs());",
      "",
    ],
    [
      "every listed part counts as acknowledged",
      "const parts = found ? acknowledgedParts(found, checkpoint) : isWhole ? [] : undefined;",
      "const parts = found ?? [];",
    ],
    ["a reader's place is never given back", "    readers.release();\n", ""],
    [
      "an answer of no use to a resume is not discarded",
      "  response.discard();\n  if (response.status !== 206",
      "  if (response.status !== 206",
    ],
    [
      "a refused answer is not discarded",
      "  } catch (error) {\n    response.discard();\n    throw error;\n  }\n  return new BodyStager",
      "  } catch (error) {\n    throw error;\n  }\n  return new BodyStager",
    ],
  ]),
  ...inFile("core/transfer/retry-after.ts", [
    ["Retry-After's seconds are read as milliseconds", "return Number(header) * 1000;", "return Number(header);"],
  ]),
  ...inFile("core/transfer/probe.ts", [
    ["HEAD's answer is not discarded", "  head.discard();\n", ""],
    ["the answer for the first byte is not discarded", "  first.discard();\n", ""],
  ]),
];

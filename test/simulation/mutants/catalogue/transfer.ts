/** Mutants of transfers. */
import { inFile, type Mutant } from "../mutant.ts";

export const TRANSFER_MUTANTS: readonly Mutant[] = [
  ...inFile("core/transfer/resume.ts", [
    ["a resume sends no If-Range", '  "if-range": validator,\n', ""],
    ["a 206 is accepted whatever offset it starts at", "    range?.start === offset &&\n", ""],
    [
      "any response is accepted as the rest of the body",
      "    response.status === 206 &&\n    range?.start === offset &&\n    (end === undefined || range.end === end - 1) &&\n    (length === undefined || length === range.end - range.start + 1) &&\n    range.totalBytes === version.totalBytes &&\n",
      "",
    ],
    [
      "a partly staged file counts as complete",
      'checkpoint.offset === checkpoint.totalBytes ? "complete"',
      'checkpoint.offset > 0 ? "complete"',
    ],
    ["a resume starts one byte late", "range: `bytes=${offset}-$", "range: `bytes=${offset + 1}-$"],
  ]),
  ...inFile("core/transfer/sent-parts.ts", [
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
      "a resumed body forgets its earlier parts",
      'this.#parts = parts?.map(({ bytes, etag }) => ({ bytes, etag, hashState: "" })) ?? [];',
      "this.#parts = [];",
    ],
    ["parts are numbered in the wrong order", "partNumber: index + 1,", "partNumber: this.#parts.length - index,"],
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
      "a superseded upload's abort is not awaited",
      "    await this.#deps.staging.abortUpload({ key:",
      "    void this.#deps.staging.abortUpload({ key:",
    ],
  ]),
  ...inFile("core/transfer/body-stager.ts", [
    [
      "a truncated body is accepted as whole",
      "if (totalBytes !== undefined && totalBytes !== this.#received) throw",
      "if (totalBytes === -1) throw",
    ],
    [
      "a failed part upload goes unnoticed",
      "      this.#parts.failed(error);\n      this.#deps.buffers.letGo();",
      "      this.#deps.buffers.letGo();",
    ],
    [
      "an upload that cannot be resumed is not aborted",
      "    await this.#deps.staging.abortUpload(this.#upload).catch(() => undefined);\n",
      "",
    ],
    [
      "a resumed body is hashed only from the resume point",
      "this.#digests = soFar?.digests;",
      "this.#digests = undefined;",
    ],
    [
      "all attempts stage under one key",
      "this.#stagedBy = soFar?.stagedBy ?? owner.stagedBy;",
      'this.#stagedBy = "1";',
    ],
    [
      "a failed part's buffer is used again",
      "      this.#parts.failed(error);\n      this.#deps.buffers.letGo();",
      "      this.#parts.failed(error);\n      this.#deps.buffers.giveBack(buffer);",
    ],
    [
      "a part's buffer is used again before the part is uploaded",
      "    const body = buffer.subarray(0, length);\n",
      "    const body = buffer.subarray(0, length);\n    buffers.giveBack(buffer);\n",
    ],
    ["the buffer of a part is never given back", "    this.#deps.buffers.giveBack(buffer);\n", ""],
    [
      "a failed transfer does not wait for its parts",
      "      await this.#drain();\n      if (!(error",
      "      if (!(error",
    ],
    [
      "a part that is sent while it comes is not hashed",
      "new NextPart(pieces, bytes, (piece) => digests.update(piece));",
      "new NextPart(pieces, bytes, () => undefined);",
    ],
    [
      "a part that is sent while it comes has the number of the one before",
      "staging.streamPart?.(upload, this.#parts.count + 1, part, bytes);",
      "staging.streamPart?.(upload, this.#parts.count, part, bytes);",
    ],
  ]),
  ...inFile("core/transfer/parts/pieces.ts", [
    [
      "what a piece has of the next part is lost",
      "      if (piece.length > this.#bytes) this.#pieces.leave(piece.subarray(this.#bytes));\n",
      "",
    ],
  ]),
  ...inFile("core/origin/ask.ts", [
    ["a redirect is not discarded", "    response.discard();\n    request.onRedirect", "    request.onRedirect"],
  ]),
  ...inFile("core/transfer/steady-body.ts", [
    [
      "the rest of a torn body is believed whatever it is",
      "if (continuesFrom(version, asked, response)) return response;",
      "if (response.status === 206) return response;",
    ],
    [
      "a torn body goes on one byte too early",
      "askOn(deps, { ...source, offset, version",
      "askOn(deps, { ...source, offset: offset - 1, version",
    ],
    [
      "the rest of a torn body is asked for without end",
      "error instanceof RetryableError && offset > before && broken < settings.mostBrokenConnections",
      "error instanceof RetryableError",
    ],
    ["an answer that is not the rest is not discarded", "  response.discard();\n", ""],
    [
      "an origin that announced bytes may deliver none",
      '      if (offset === 0 && source.isNeverEmpty) throw new RetryableError("empty_body");\n',
      "",
    ],
  ]),
  ...inFile("core/transfer/take-up.ts", [
    [
      "staged parts are not compared with the checkpoint",
      "return digest === partsDigest ? found.slice(0, index + 1) : undefined;",
      "return found.slice(0, index + 1);",
    ],
    [
      "every listed part counts as acknowledged",
      "const parts = found ? acknowledgedParts(found, checkpoint) : isWhole ? [] : undefined;",
      "const parts = found ?? [];",
    ],
    ["a completed upload is not judged", "  judgeWhole(facts, digests, bytes);\n", ""],
    ["a resumed body forgets what was announced", "announced: decodeAnnounced(announced)", "announced: []"],
  ]),
  ...inFile("core/transfer/part-in-hand.ts", [
    ["the first bytes of a large body are lost", "    buffer.set(this.bytes);\n", ""],
    [
      "the buffer of a whole body is never given back",
      "    if (this.#isBuffer) this.#buffers.giveBack(this.#memory);\n",
      "",
    ],
    ["a body that breaks off keeps its buffer", "    if (this.#isBuffer) this.#buffers.letGo();\n", ""],
  ]),
  ...inFile("core/transfer/body-facts.ts", [
    ["what the origin announced is not compared", "  refuseOtherThanAnnounced(announced, digests);\n", ""],
  ]),
  ...inFile("core/transfer/transfer.ts", [
    [
      "a new version is appended to the old version's parts",
      "if (isAnotherVersion) return startOver(deps, owner, request, answer);",
      "if (isAnotherVersion) return new BodyStager(deps, owner, checkpoint, soFar).stage(response.body);",
    ],
    [
      "an error page is accepted as the body",
      "    if (refusal) throw refusal;\n    if (response.status === 206",
      "    if (response.status === 206",
    ],
    [
      "an answer of no use to a resume is not discarded",
      "  response.discard();\n  const isUselessRange",
      "  const isUselessRange",
    ],
    [
      "a refused answer is not discarded",
      "  } catch (error) {\n    response.discard();\n    throw error;\n  }\n  deps.heads",
      "  } catch (error) {\n    throw error;\n  }\n  deps.heads",
    ],
  ]),
  ...inFile("core/origin/asked-wait.ts", [
    [
      "Retry-After's seconds are read as milliseconds",
      "return seconds * 1000;\n  const text",
      "return seconds;\n  const text",
    ],
  ]),
  ...inFile("core/origin/probe.ts", [
    ["HEAD's answer is not discarded", "    response.discard();\n", ""],
    ["HEAD forbids", "    if (!saysTheOrigin(error, isElsewhere)) throw error;\n", "    throw error;\n"],
  ]),
];

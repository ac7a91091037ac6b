import type http from "node:http";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

export const readHeaders = (headers: http.IncomingHttpHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, read(value)]));

/** Node gives the bytes of a header as Latin-1. Many origins mean UTF-8. */
function read(value: string | readonly string[] | undefined): string {
  const text = String(value);
  if (!/[\x80-\xff]/.test(text)) return text;
  try {
    return UTF8.decode(Buffer.from(text, "latin1"));
  } catch {
    return text;
  }
}

import { writeFile } from "node:fs/promises";
import { ByteWriter, parquetWriteRows } from "hyparquet-writer";

const HOSTS = 500;

export const hostOfNumber = (number: number): string => `host-${number % HOSTS}.example.org`;
/** As long as URLs of lists are: 80 to 90 characters. */
export const urlOfNumber = (number: number): string =>
  `https://${hostOfNumber(number)}/data/2026/11/some-longer-name-of-a-collection/${number}.bin`;

function* rows(count: number): Generator<{ readonly url: string }> {
  for (let number = 0; number < count; number++) yield { url: urlOfNumber(number) };
}

/** Writes the URLs of the numbers 0 to `count` - 1 as Parquet, in one row group, as many programs do. */
export async function writeList(path: string, count: number): Promise<void> {
  const writer = new ByteWriter();
  await parquetWriteRows({
    writer,
    columns: [{ name: "url", type: "STRING" }],
    rows: rows(count),
    rowGroupSize: count,
  });
  await writeFile(path, new Uint8Array(writer.getBuffer()));
}

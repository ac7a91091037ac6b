import { createSocket } from "node:dgram";
import { once } from "node:events";

const HEADER_BYTES = 12;
const TYPE_A = 1;
const POINTER_TO_QUESTION = 0xc00c;

/** Answers each question for an IPv4 address with the next of the name's addresses, over and over. */
export async function startDnsServer(addresses: Readonly<Record<string, readonly string[]>>): Promise<() => void> {
  const socket = createSocket("udp4");
  const asked = new Map<string, number>();
  socket.on("message", (question, from) => {
    const { name, end } = nameIn(question);
    const known = question.readUInt16BE(end) === TYPE_A ? (addresses[name] ?? []) : [];
    const nth = asked.get(name) ?? 0;
    if (known.length > 0) asked.set(name, nth + 1);
    const address = known[nth % known.length];
    socket.send(answerTo(question.subarray(0, end + 4), address), from.port, from.address);
  });
  socket.bind(53, "127.0.0.1");
  await once(socket, "listening");
  return () => socket.close();
}

/** `end`: where the name's type begins. */
function nameIn(question: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = question.readUInt8(at); length > 0; length = question.readUInt8(at)) {
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

function answerTo(question: Buffer, address: string | undefined): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(address === undefined ? 0 : 1, 6);
  head.writeUInt32BE(0, 8);
  if (address === undefined) return head;
  const record = Buffer.alloc(16);
  record.writeUInt16BE(POINTER_TO_QUESTION, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt16BE(4, 10);
  Buffer.from(address.split(".").map(Number)).copy(record, 12);
  return Buffer.concat([head, record]);
}

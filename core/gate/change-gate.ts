import {
  changeDocumentBy,
  readDocument,
  type DocumentDeps,
  type DocumentKind,
  type Outcome,
} from "../document/change-document.ts";
import { decodeGate, encodeChange, GATE_KEY, type GateChange, type GateDocument } from "./gate-document.ts";
import { changeGate, changeOf, type PlannedChange } from "./gate-protocol.ts";
import type { Items } from "../ports/items.ts";

const GATE: DocumentKind<GateDocument, PlannedChange, GateChange> = {
  key: GATE_KEY,
  called: "the gate",
  decode: decodeGate,
  change: changeOf,
  write: changeGate,
  encode: encodeChange,
};

/** @throws DocumentBusyError after 10 lost races, and anything that `plan` throws. */
export const changeGateBy = async (
  deps: DocumentDeps,
  by: string,
  plan: (gate: GateDocument | undefined) => PlannedChange | undefined,
): Promise<Outcome<GateDocument, GateChange>> => changeDocumentBy(deps, GATE, by, plan);

export const readGate = async (items: Items): Promise<GateDocument | undefined> => readDocument(items, GATE);

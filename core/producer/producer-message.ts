import * as z from "zod/mini";
import { jobMessage } from "../model/message.ts";

/** The fields that fetchonce sets itself, on messages that it sends. */
const OWN = { tracked: true, sent_at: true, dispatched_for: true, waiting_since: true } as const;

/** What a producer may say in a message of the work queue. */
export const producerMessage = z.omit(jobMessage, OWN);

type ProducerMessage = z.infer<typeof producerMessage>;
export type ProducerField = keyof ProducerMessage;

export const PRODUCER_FIELDS = Object.keys(producerMessage.shape) as readonly ProducerField[];
export const isOwnField = (name: string): boolean => name in OWN;

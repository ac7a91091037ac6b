import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { HttpRequest } from "@smithy/core/transport";
import { SignatureV4 } from "@smithy/signature-v4";
import { RetryableError } from "../../core/model/errors.ts";
import type { Secret, Secrets } from "../../core/ports/secrets.ts";
import type { Clock } from "../../core/ports/runtime.ts";
import { secretIn } from "../node/secret-text.ts";

const SERVICE = "secretsmanager";
/** A secret that was changed is used after this time at the latest. */
const KEPT_MS = 300_000;

export interface SecretsPlace {
  /** What the names of all secrets begin with. Undefined: there are no secrets. */
  readonly prefix: string | undefined;
  /** Of an emulator. */
  readonly endpoint: string | undefined;
}

interface Kept {
  readonly secret: Secret | undefined;
  readonly untilMs: number;
}

/**
 * Secrets Manager, by one signed request. Its own client would take 14 KB of the worker's bundle for it; the parts that
 * sign and send are those of the client that is there anyway.
 */
export function secretsManager(
  client: DynamoDBClient,
  { endpoint, prefix }: SecretsPlace,
  clock: Pick<Clock, "nowMs">,
): Secrets {
  const kept = new Map<string, Kept>();

  const ask = async (name: string): Promise<Secret | undefined> => {
    const region = await client.config.region();
    const url = new URL(endpoint ?? `https://${SERVICE}.${region}.amazonaws.com/`);
    const { credentials, requestHandler, sha256 } = client.config;
    const request = new HttpRequest({
      method: "POST",
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port !== "" && { port: Number(url.port) }),
      path: "/",
      headers: {
        host: url.host,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "secretsmanager.GetSecretValue",
      },
      body: JSON.stringify({ SecretId: `${prefix}${name}` }),
    });
    const signed = await new SignatureV4({ service: SERVICE, region, credentials, sha256 }).sign(request);
    const { response } = await requestHandler.handle(signed as HttpRequest);
    const answer = JSON.parse(await textOf(response.body as AsyncIterable<Uint8Array>)) as Readonly<
      Record<string, unknown>
    >;
    if (response.statusCode === 200) return secretIn(name, String(answer["SecretString"]));
    if (String(answer["__type"]).endsWith("ResourceNotFoundException")) return undefined;
    throw new Error(`Secrets Manager answered ${response.statusCode} ${String(answer["__type"])}`);
  };

  return {
    async read(name) {
      if (prefix === undefined) return undefined;
      const known = kept.get(name);
      if (known && known.untilMs > clock.nowMs()) return known.secret;
      try {
        const secret = await ask(name);
        kept.set(name, { secret, untilMs: clock.nowMs() + KEPT_MS });
        return secret;
      } catch (error) {
        if (error instanceof RetryableError) throw error;
        throw new RetryableError("secrets_unavailable", { cause: error, failureClass: "system" });
      }
    },
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { QUICK, SIGNING, tuned } from "./tuned.ts";

export const createDynamoDb = (): DynamoDBClient => tuned(new DynamoDBClient({ ...SIGNING, requestHandler: QUICK }));

/** Signatures for several regions at once are for multi-region access points. We have none: 4 KB of each bundle. */
export {
  SignatureV4 as SignatureV4MultiRegion,
  SignatureV4 as SignatureV4SignWithCredentials,
} from "@smithy/signature-v4";

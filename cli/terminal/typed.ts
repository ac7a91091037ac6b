import { IS_BUILT } from "../../local/shared/built.ts";

/** The command as people type it. */
export const TYPED = IS_BUILT ? "fetchonce" : "npm start --";

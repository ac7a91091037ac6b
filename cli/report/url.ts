import { shortened, withoutCredentials } from "./format.ts";
import { html, type Html } from "./html.ts";

const LONGEST = 240;

/** A URL as text, apart from the direction of the text around it. It is no link: nobody knows where it leads. */
export const shownUrl = (url: string | undefined): Html =>
  html`<bdi class="long">${shortened(withoutCredentials(url ?? ""), LONGEST)}</bdi>`;

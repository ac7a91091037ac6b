/** The tags with which a page begins (WHATWG MIME Sniffing, 7.1). */
const TAGS =
  /^(<!DOCTYPE HTML|<HTML|<HEAD|<SCRIPT|<IFRAME|<H1|<DIV|<FONT|<TABLE|<A|<STYLE|<TITLE|<B|<BODY|<BR|<P)[\s>]|^<!--/i;
/** Enough for blanks, a byte order mark, and a tag. */
const LOOKED_AT = 512;

/** Whether the first bytes of a file are those of an HTML page. */
export function isHtml(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, LOOKED_AT)).replace(/^\u00EF\u00BB\u00BF/, "");
  return TAGS.test(text.trimStart());
}

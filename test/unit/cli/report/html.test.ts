import { describe, expect, it } from "vitest";
import { shortened, withoutCredentials } from "../../../../cli/report/format.ts";
import { html, Html } from "../../../../cli/report/html.ts";

describe("a template of HTML", () => {
  it("escapes what is put into elements and attributes", () => {
    const nasty = `</script><img src=x onerror="alert('1')">&amp;`;
    expect(html`<p title="${nasty}">${nasty}</p>`.text).toBe(
      `<p title="&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;">` +
        `&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;</p>`,
    );
  });

  it("puts in HTML and lists of it as they are, and nothing for nothing", () => {
    const numbers = [1, 2].map((n) => html`<b>${n}</b>`);
    expect(html`<p>${numbers}${undefined}${new Html("<hr>")}</p>`.text).toBe("<p><b>1</b><b>2</b><hr></p>");
  });

  it("shows the codes of characters that nobody sees or that turn the text around", () => {
    expect(html`<p>${"gpj.\u202Eexe\u0000\u200F\u2066\u{FEFF}"}</p>`.text).toBe(
      String.raw`<p>gpj.\u{202E}exe\u{0000}\u{200F}\u{2066}\u{FEFF}</p>`,
    );
  });

  it("replaces half of a character that takes two", () => {
    expect(html`<p>${"a\uD83D"}</p>`.text).toBe("<p>a\uFFFD</p>");
  });
});

describe("text of the user's", () => {
  it("loses the user names and passwords of its URLs, and nothing else", () => {
    expect(withoutCredentials("get https://me:p%40ss@a.org/x@y http://b@c.org?q=//d@e")).toBe(
      "get https://…@a.org/x@y http://…@c.org?q=//…@e",
    );
    expect(withoutCredentials(String.raw`https:\\me:pass@a.org\x`)).toBe(String.raw`https:\\…@a.org\x`);
  });

  it("loses its middle when it is long", () => {
    expect(shortened("0123456789", 10)).toBe("0123456789");
    expect(shortened("0123456789a", 7)).toBe("012…89a");
  });
});

import { formatCount } from "./format.ts";
import { html, type Html, type Value } from "./html.ts";

export interface Column<Row> {
  readonly head: string;
  readonly isNumber?: boolean;
  cell(row: Row): Value;
}

interface Table<Row> {
  readonly caption: string;
  /** The first one names the row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** How many rows there are in all, if more than these. */
  readonly total?: number;
}

export const textColumn = <Row>(head: string, cell: (row: Row) => Value): Column<Row> => ({ head, cell });
export const numberColumn = <Row>(head: string, cell: (row: Row) => Value): Column<Row> => ({
  head,
  cell,
  isNumber: true,
});

const classOf = ({ isNumber }: { readonly isNumber?: boolean }): string => (isNumber === true ? "number" : "long");

export function table<Row>({ caption, columns, rows, total = rows.length }: Table<Row>): Html {
  const heads = columns.map((column) => html`<th scope="col" class="${classOf(column)}">${column.head}</th>`);
  const body = rows.map((row) => {
    const cells = columns.map((column, index) =>
      index === 0
        ? html`<th scope="row" class="${classOf(column)}">${column.cell(row)}</th>`
        : html`<td class="${classOf(column)}">${column.cell(row)}</td>`,
    );
    return html`<tr>
      ${cells}
    </tr> `;
  });
  const leftOut = total - rows.length;
  const foot = html`<tfoot>
    <tr>
      <td colspan="${columns.length}">${formatCount(leftOut)} more are left out.</td>
    </tr>
  </tfoot>`;
  return html`<div class="scroll">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
      ${leftOut > 0 ? foot : undefined}
    </table>
  </div>`;
}

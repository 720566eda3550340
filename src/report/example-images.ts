import type { AuditResult } from "../audit/index.ts";
import { aimedAt } from "./aim-words.ts";
import { embeddedPng, read } from "./embedded-png.ts";
import { foreign, html, type Markup } from "./html.ts";
import { significant } from "./numbers.ts";

/**
 * Of each attack a reconstruction beside its original: the one that came nearest, or that of the
 * first draw.
 */
export function exampleImages(
  { cells, assumptions: { delta } }: AuditResult,
  which: "nearest" | "first",
  pngs: ReadonlyMap<string, Uint8Array>,
  name: (cell: AuditResult["cells"][number]) => Markup = ({ defense, attack }) =>
    html`<code>${foreign(defense)}</code><br><code>${foreign(attack)}</code>`,
): Markup {
  return html`<div class="pairs">${cells.map((cell) => {
    const { [which]: example, attack, defense } = cell;
    const back = example !== null && example.distance <= delta;
    return html`<figure>${
      example?.files &&
      html`<div>${embeddedPng(read(pngs, example.files.original), cell.aim === "transformed" ? `What the network saw of image ${example.index}` : `The original of image ${example.index}`)}${embeddedPng(read(pngs, example.files.reconstruction), `Its reconstruction by ${attack} behind ${defense}`)}</div>`
    }
<figcaption>${name(cell)}<br>${
      example
        ? html`#${example.index} ${example.className !== null && foreign(example.className)}, distance ${significant(example.distance)}${cell.aim !== undefined && ` from ${aimedAt(cell)}`} <span class="mark${back && " back"}">${back ? "came back" : "did not come back"}</span>`
        : "no reconstruction is a number"
    }</figcaption></figure>
`;
  })}</div>`;
}

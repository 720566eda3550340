import type { AuditResult } from "../audit/index.ts";
import { foreign, html, type Markup } from "./html.ts";
import { significant } from "./numbers.ts";
import { picture, read } from "./picture.ts";

/** Of each attack the image that came back best, beside its original. */
export function nearestImages({ cells, assumptions: { delta } }: AuditResult, pictures: ReadonlyMap<string, Uint8Array>): Markup {
  return html`<div class="pairs">${cells.map(({ defense, attack, nearest }) => {
    const back = nearest !== null && nearest.distance <= delta;
    return html`<figure>${
      nearest?.files &&
      html`<div>${picture(read(pictures, nearest.files.original), `The original of image ${nearest.index}`)}${picture(read(pictures, nearest.files.reconstruction), `Its reconstruction by ${attack} behind ${defense}`)}</div>`
    }
<figcaption><code>${foreign(defense)}</code><br><code>${foreign(attack)}</code><br>${
      nearest
        ? html`#${nearest.index} ${nearest.className !== null && foreign(nearest.className)}, distance ${significant(nearest.distance)} <span class="mark${back && " back"}">${back ? "came back" : "did not come back"}</span>`
        : "no reconstruction is a number"
    }</figcaption></figure>
`;
  })}</div>`;
}

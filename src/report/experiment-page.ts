import { colophon } from "./colophon.ts";
import type { ExperimentReport } from "./experiment-telling.ts";
import { html, type Markup } from "./html.ts";
import { page } from "./page.ts";

/** What stands above the sections of an experiment's report. */
interface Head {
  /** What the experiment is called. */
  readonly name: string;
  /** What it came to. It is the title, too. */
  readonly sentence: string;
  readonly lead: string;
  /** What else a reader must know before the sections. */
  readonly more?: Markup;
}

/** The report of an experiment: its head, its sections, and the command that makes it again. */
export const experimentPage = (
  { name, sentence, lead, more }: Head,
  sections: Markup,
  { result, reproduce }: Pick<ExperimentReport, "result" | "reproduce">,
): string =>
  page(
    sentence,
    html`<header>
<p class="eyebrow">Gradleak · ${name}</p>
<h1>${sentence}</h1>
<p class="lead">${lead}</p>
${more && html`${more}\n`}</header>
${sections}
<section>
<h2>To reproduce</h2>
${colophon(result, reproduce)}
</section>`,
  );

import type { AuditResult } from "../audit/index.ts";
import { strongest } from "./audit-verdict.ts";
import { foreign, html, type Markup } from "./html.ts";
import { grouped, percent, significant } from "./numbers.ts";
import { atMost, epsilonWords, mechanismWords } from "./privacy-words.ts";

type Certificate = NonNullable<AuditResult["certified"]>[number];

/** What a defense certifies that any attacker recovers at most; null if it certifies nothing. */
export const certifiedBehind = ({ certified }: AuditResult, defense: string): number | null =>
  certified?.find((one) => one.defense === defense)?.upper ?? null;

/** The look of a bound in a range of shares: a dashed line at a place. */
export const boundAt = (left: string): string =>
  `position:absolute;top:2px;bottom:2px;left:${left};margin-left:-1px;border-left:2px dashed var(--ink)`;

/** Whether any defense of an audit certifies something. */
export const certifies = ({ certified }: AuditResult): boolean => certified?.some(({ upper }) => upper !== null) ?? false;

/** How κ is known, in a sentence. */
function kappaWords({ kappa, privacy }: Certificate, { items, confidence, assumptions }: AuditResult): string {
  const { estimate, upper, examples, guesses } = kappa!;
  const guess = assumptions.labels === "known" ? "one guess, made with the label," : "one guess";
  const many = guesses === 1 ? "" : ` An attacker has ${guesses} answers for each ${items} of a batch, so κ counts ${guesses} times.`;
  const known =
    examples === 0
      ? `κ, the largest share of ${items}s that ${guess} comes within δ of, is at most ${significant(upper)}, because the prior is known.`
      : `κ, the largest share of ${items}s that ${guess} comes within δ of, is at most ${significant(upper)} (upper end with ${+(100 * confidence).toPrecision(6)} %, from ${grouped(examples)} public ${items}s; around the best of them it is ${significant(estimate)}).`;
  return `${known}${many} The bound is Φ(Φ⁻¹(${guesses === 1 ? "κ" : `${guesses}κ`}) + 1/z), with z = ${significant(privacy!.multiplier)}.`;
}

/** What each defense certifies, next to what was measured, in sentences. */
export const certifiedLines = (result: AuditResult): readonly string[] =>
  (result.certified ?? []).flatMap((one) => {
    const { defense, privacy, upper, reason } = one;
    const epsilon = privacy ? [`behind ${defense}, one update: ${epsilonWords(privacy)}`] : [];
    if (upper === null) return [...epsilon, `nothing is certified behind ${defense}: ${reason}`];
    const measured = strongest(result).find((cell) => cell.defense === defense)!.recovered.estimate;
    return [
      ...epsilon,
      `certified behind ${defense}: any attacker with this prior recovers at most ${atMost(upper)} of ${result.items}s; these attacks recovered ${percent(measured)}`,
    ];
  });

/** What each defense certifies, with what the certificate rests on; nothing where nothing is said. */
export function certifiedSection(result: AuditResult): Markup | false {
  const { certified, items } = result;
  if (!certified) return false;
  return html`<section>
<h2>What is certified</h2>
<p class="note">A bound for every attacker, also for those that nobody tried: it follows from the noise of one update and from how likely a guess is. It holds for one who knows the network, the defense, the prior and all other ${items}s of the batch, with weights that do not depend on the ${items}. The prior is the law that public ${items}s are drawn from.</p>
${certified.map((one) => certificate(one, result))}
</section>
`;
}

function certificate(one: Certificate, result: AuditResult): Markup {
  const { defense, privacy, upper, reason } = one;
  const own = strongest(result).find((cell) => cell.defense === defense)!.recovered;
  return html`<p><strong>behind <code>${foreign(defense)}</code></strong>: ${
    upper === null
      ? html`nothing is certified, because ${foreign(reason ?? "")}.`
      : html`any attacker recovers <strong>at most ${atMost(upper)}</strong>. Measured: ${percent(own.estimate)} (${percent(own.lower)} – ${percent(own.upper)}), by the strongest attack here.`
  }</p>
${upper !== null && html`<p class="note">${foreign(kappaWords(one, result))}</p>`}
${privacy && html`<p class="note">${foreign(epsilonWords(privacy))}: ${foreign(mechanismWords(privacy))}. ${foreign(privacy.assumptions.join(" "))}</p>`}
`;
}

import type { PrivacyStated } from "../audit/index.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, percent, significant } from "./numbers.ts";

const accountants = { gaussian: "exact for Gaussian noise", pld: "by the law of the privacy loss" } as const;

/** The ε of some updates in a clause: the tighter one first, beside Opacus's. */
export function epsilonWords({ rdp, tight, dpDelta, level }: PrivacyStated): string {
  const at = `at δ = ${(dpDelta < 1e-3 ? dpDelta.toExponential() : String(dpDelta)).replace("-", "−")} for each ${level}`;
  return tight === null
    ? `ε ≤ ${significant(rdp.epsilon)} ${at}, by Rényi divergences as Opacus computes it`
    : `ε ≤ ${significant(tight.epsilon)} ${at}, ${accountants[tight.accountant]} (${significant(rdp.epsilon)} by Rényi divergences, as Opacus computes it)`;
}

/** What the ε is about: the mechanism, and how often it ran. */
export const mechanismWords = ({ multiplier, sensitivity, samplingRate, steps }: PrivacyStated): string =>
  `${counted(steps, "update")} with noise multiplier z = ${significant(multiplier)}, sensitivity C = ${significant(sensitivity)} and sampling rate q = ${significant(samplingRate)}, one example more or less`;

/** The section of a report about differential privacy. */
export const privacySection = (privacy: PrivacyStated): Markup => html`<section>
<h2>Differential privacy</h2>
<p class="note">${foreign(epsilonWords(privacy))}: ${foreign(mechanismWords(privacy))}.</p>
${privacy.assumptions.map((sentence) => html`<p class="note">${foreign(sentence)}</p>`)}
</section>
`;

/** A share that is an upper bound: never below what it bounds in its last digit. */
export const atMost = (share: number): string => percent(share <= 0.999 ? Math.ceil(1000 * share) / 1000 : 1);

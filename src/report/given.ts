import type { Result } from "../audit/index.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, significant } from "./numbers.ts";

type Assumptions = Result["assumptions"];

const labels: Readonly<Record<Assumptions["labels"], string>> = {
  known: "Given: the attack was told the true class of every image.",
  recovered: "Not given: the attack read them off the update.",
  joint: "Not given: the attack looked for them together with the images.",
};
const batchNorm: Readonly<Record<Assumptions["batchNorm"], string>> = {
  none: "The network has no batch normalization.",
  running: "The running statistics of the model, which every participant has.",
  batch: "Those of the attacker's own guess; the private batch's were not given.",
  private: "Given: those of the private batch itself.",
};

/** What the attacker was given, and what it took for granted. */
export function given({ assumptions, command }: Result): Markup {
  const { law, prior, radius, samples, mode, batchSize, model, defense, delta, deltaSpace } = assumptions;
  const rows: readonly (readonly [string, Markup | string])[] = [
    ["Network", html`<code>${foreign(model)}</code>, with the weights that the client had`],
    ["Update", batchSize === 1 ? "The gradient of one image" : `The gradient of ${counted(batchSize, "image")}, averaged`],
    ["Defense", defense === null ? "Whatever the client did; nobody said" : html`<code>${foreign(defense)}</code>`],
    ["Labels", labels[assumptions.labels]],
    ["Mode", mode === "eval" ? "The client's network ran in evaluation mode." : "The client's network ran in training mode."],
    ["Statistics", batchNorm[assumptions.batchNorm]],
    ["Law assumed", foreign(law)],
    ["Prior assumed", foreign(prior)],
    [
      "Ball",
      radius === 0
        ? "None: the attack judged single points."
        : `The attack averaged over ${counted(samples, "point")} in a ball of radius ${significant(radius)}.`,
    ],
    ["Recovered", `At a distance of at most ${significant(delta)} in ${deltaSpace} space`],
    ["Images", command === "attack" ? "Not given: used for nothing but the scores" : "Not given"],
  ];
  return html`<dl>${rows.map(
    ([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>
`,
  )}</dl>`;
}

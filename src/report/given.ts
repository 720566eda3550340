import { givenSeen } from "../audit/index.ts";
import { assumedIn, type Result } from "../runs/index.ts";
import { aimedAt } from "./aim-words.ts";
import { foreign, html, type Markup } from "./html.ts";
import { counted, percent, significant } from "./numbers.ts";

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

type Row = readonly [term: string, text: Markup | string];

/** The law that the attacker assumed, and whether it is the one that was there. */
function lawRow({ law, trueLaw }: Assumptions): Markup | string {
  if (trueLaw === null) return foreign(law);
  return trueLaw.kind === "known" && trueLaw.text === law
    ? html`${foreign(law)}, which is the defense's own`
    : html`${foreign(law)}. The defense's own: ${trueLawWords(trueLaw)}`;
}

/** What is true of a defense's law. */
export function trueLawWords(trueLaw: NonNullable<Assumptions["trueLaw"]>): Markup | string {
  if (trueLaw.kind === "known") return foreign(trueLaw.text);
  if (trueLaw.kind === "unknown") return html`not known, because ${foreign(trueLaw.text)}`;
  return `no density, because nothing is random in it${trueLaw.text.endsWith(givenSeen) ? `, ${givenSeen}` : ""}`;
}

/** How labels were read off updates, and how many were right. */
function labelRows({ images, summary: { labelAccuracy } }: Result): readonly Row[] {
  const rules = [...new Set(images.flatMap(({ labelReading }) => labelReading?.rule ?? []))];
  const right = labelAccuracy === null ? "" : `${percent(labelAccuracy)} of them are right`;
  if (rules.length > 0) return [["Label rule", html`<code>${rules.join(", ")}</code>${right && `: ${right}`}`]];
  return labelAccuracy === null ? [] : [["Labels right", percent(labelAccuracy)]];
}

/** What the attacker was given, and what it took for granted. */
export function given(result: Result): Markup {
  const { assumptions, command } = result;
  const { prior, defense } = assumptions;
  return definitions([
    ...givenRows(assumptions),
    ...labelRows(result),
    ["Defense", defense === null ? "Whatever the client did; nobody said" : html`<code>${foreign(defense)}</code>`],
    ["Law assumed", lawRow(assumptions)],
    ["Prior assumed", foreign(prior)],
    ["Ball", ball(assumptions)],
    ...afterRow(result),
    ["Images", command === "attack" ? "Not given: used for nothing but the scores" : "Not given"],
    ...assumedIn(result).map(([term, text]): Row => [`Assumed ${term}`, foreign(text)]),
  ]);
}

/** Which images the attack is after, where the defense changed them. */
const afterRow = ({ summary: { targets } }: Result): readonly Row[] =>
  targets ? [["After", `The attack is after ${aimedAt(targets)}, which its scores compare it with; the other one stands beside.`]] : [];

/** What every attacker of a run was given. */
export function givenRows(
  {
    model,
    batchSize,
    mode,
    delta,
    deltaSpace,
    ...rest
  }: Omit<Assumptions, "law" | "trueLaw" | "prior" | "radius" | "shrunkRadius" | "samples" | "defense">,
  item = "image",
): readonly Row[] {
  return [
    ["Network", html`<code>${foreign(model)}</code>, with the weights that the client had`],
    ["Update", batchSize === 1 ? `The gradient of one ${item}` : `The gradient of ${counted(batchSize, item)}, averaged`],
    ["Labels", labels[rest.labels]],
    ["Mode", mode === "eval" ? "The client's network ran in evaluation mode." : "The client's network ran in training mode."],
    ["Statistics", batchNorm[rest.batchNorm]],
    ["Recovered", `At a distance of at most ${significant(delta)}${item === "image" ? ` in ${deltaSpace} space` : ""}`],
  ];
}

/** How an attack averaged over its ball. */
const ball = ({ radius, shrunkRadius, samples }: Assumptions): string =>
  radius === 0
    ? "None: the attack judged single points."
    : `The attack averaged over ${counted(samples, "point")} in a ball of radius ${radii(radius, shrunkRadius)}.`;

/** The radius of a ball, and where it ends if the ball shrinks. */
export const radii = (radius: number, shrunk?: number): string =>
  `${significant(radius)}${shrunk === undefined ? "" : `, which shrank to ${significant(shrunk)}`}`;

/** Terms and what they are here. */
export const definitions = (rows: readonly Row[]): Markup =>
  html`<dl>${rows.map(
    ([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>
`,
  )}</dl>`;

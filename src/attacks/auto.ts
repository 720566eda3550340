import { z } from "zod";
import { battery, type Member, type Outline } from "../adversary/index.ts";
import { sizeOf } from "../graph/index.ts";
import { areImages, type Model } from "../models/index.ts";
import { catalogue, part } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { bayes } from "./bayes.ts";
import type { AttackDeclaration, Setting } from "./declaration.ts";
import { idlg } from "./dlg.ts";
import { exact } from "./exact.ts";
import { invertingGradients } from "./inverting-gradients.ts";
import { peeling } from "./peeling.ts";

/** The attacks that a battery is made of. */
const members = catalogue("attack", [bayes, exact, idlg, invertingGradients, peeling]);

/**
 * The factor of total variation for each entry of an image. The density exp(−w TV(x)), with TV the
 * mean absolute difference of neighbors, is likeliest at w = d / E TV, because its constant falls as
 * w to the power −d. Normalized photographs have an E TV of 0.3 to 0.5, over both directions.
 */
const variationPerEntry = 2;

/** The prior that is assumed where nobody states one. */
function standardPrior(model: Model): NonNullable<Setting["prior"]> {
  const name = areImages(model) ? `tv:weight=${variationPerEntry * sizeOf(model.shape)}` : "gaussian";
  return { prior: priors.build(name), name };
}

/** L-BFGS has found what it finds after this many steps. */
const mostSecondOrder = 300;

/** The image of the features has been found after this many steps. */
const mostForFeatures = 400;

/** The steps of a battery if nobody says how many, and no budget decides. */
const defaultSteps = 1000;

/** The members for what is seen, the judge last. */
function membersFor({ rounds }: Outline, setting: Setting, steps: number): readonly Member[] {
  const { model } = rounds[0]!.client;
  const { law } = setting;
  const given = { ...setting, prior: setting.prior ?? standardPrior(model) };
  const member = (spec: string): Member => {
    const { kind } = members.parse(spec);
    return { name: kind, attack: members.build(spec).build(given) };
  };
  const matching = member(`inverting-gradients:steps=${steps}`);
  const adversary = law?.kind === "unknown" ? [] : [member(`bayes:steps=${steps}`)];
  // Where nobody said what the client did, its noise is not known either. The cosine then judges
  // better than a law without noise.
  const byCosine = areImages(model) && (law === undefined || law.kind === "unknown");
  return [
    { ...member("exact"), settles: true },
    member(`peeling:refine=0,steps=${Math.min(steps, mostForFeatures)}`),
    ...(law?.kind === "known" ? [] : [member(`idlg:steps=${Math.min(steps, mostSecondOrder)}`)]),
    ...(byCosine ? [...adversary, matching] : [matching, ...adversary]),
  ];
}

/** The steps of all members for each step of the battery, at most. */
export const autoMembers = 3;

/**
 * The battery for whoever does not want to choose: the exact inversion of a dense first layer, the
 * features peeled off a later one, iDLG where there is no noise, Inverting Gradients on images, and
 * the Bayes adversary where the law of the defense is known. Attacks that do not fit are left out.
 * The Bayes adversary begins at the best answer of the others, and its objective chooses among all.
 * Where the law is not known, the objective of Inverting Gradients chooses. A dense first layer whose
 * gradient has no noise settles an image, and then nothing else runs.
 *
 * Without a stated prior, images are assumed to have total variation at the weight of photographs,
 * and vectors to be normal.
 */
export const auto = part({
  kind: "auto",
  doc: "Runs the strongest attacks that fit the network and the law, and keeps the answer that explains the update best.",
  params: {
    minutes: z
      .number()
      .positive()
      .default(2)
      .describe("The time that the run should take on two cores, in minutes. The number of steps follows from it before the run."),
    steps: z
      .int()
      .positive()
      .max(1_000_000)
      .nullable()
      .default(null)
      .describe(`The number of steps of each attack. none takes as many as fit into the minutes, or ${defaultSteps} in code.`),
  },
  build: ({ steps }): AttackDeclaration => ({
    fixesPrior: false,
    takesLaw: true,
    build: (setting) => {
      const own = steps ?? defaultSteps;
      const { law } = setting;
      const entries = law?.kind === "known" && law.likelihood.entries;
      return battery((seen) => membersFor(seen, setting, own), {
        assumes: { ...assumedBy(setting), radius: 0, samples: 1 },
        work: { steps: autoMembers * own, restarts: 1, points: 1, entries },
      });
    },
  }),
});

/** What the judge assumes, in words. */
function assumedBy({ law, prior }: Setting): { readonly law: string; readonly prior: string } {
  const standard = prior?.name ?? "total variation for images, normal for vectors";
  if (law?.kind === "known") return { law: law.likelihood.name, prior: standard };
  if (law?.kind === "deterministic") return { law: "an update without noise", prior: standard };
  return { law: "cosine similarity", prior: standard };
}

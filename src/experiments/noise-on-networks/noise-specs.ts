import type { NoiseKind, NoiseParams } from "./noise-params.ts";

/** What an attacker compares updates by. `bayes` assumes the law that is there. */
export const roles = ["bayes", "l2", "l1", "cosine"] as const;
type Role = (typeof roles)[number];

/** A training behind a defense, and the attackers on what its clients send. */
export interface Case {
  readonly set: NoiseParams["data"][number];
  readonly kind: NoiseKind;
  readonly strength: number;
  readonly defense: string;
  readonly attackers: readonly { readonly role: Role; readonly attack: string }[];
}

const rounded = (x: number): number => Number(x.toPrecision(6));

/** The defense of a strength. All noise has that standard deviation. */
function defenseOf(kind: NoiseKind, strength: number, keep: number): string {
  if (kind === "gaussian") return `gaussian:sigma=${strength}`;
  if (kind === "laplacian") return `laplacian:scale=${rounded(strength / Math.SQRT2)}`;
  if (kind === "mask") return `mask:keep=${keep}+gaussian:sigma=${strength}`;
  return `dp-sgd:norm=1,multiplier=${strength}`;
}

/**
 * The attackers on a defense. They know how strong its noise is, and all but Bayes take it for noise
 * on whole gradients of one form. Where that is what it is, they are Bayes, and stand there once.
 */
function attackersOn(kind: NoiseKind, strength: number, { steps, rate, weight, tv }: NoiseParams): Case["attackers"] {
  const bayes = (conditional?: string) =>
    `bayes:steps=${steps},rate=${rate[0]},prior=(tv:weight=${weight[0]},norm=squared)${conditional === undefined ? "" : `,conditional=(${conditional})`}`;
  const all: readonly { readonly role: Role; readonly attack: string; readonly isBayes?: boolean }[] = [
    { role: "bayes", attack: bayes() },
    { role: "l2", attack: bayes(`gaussian:sigma=${strength}`), isBayes: kind === "gaussian" },
    { role: "l1", attack: bayes(`laplacian:scale=${rounded(strength / Math.SQRT2)}`), isBayes: kind === "laplacian" },
    { role: "cosine", attack: `inverting-gradients:steps=${steps},rate=${rate[0]},tv=${tv[0]},tvNorm=squared` },
  ];
  return all.filter(({ isBayes }) => !isBayes);
}

/** All trainings, in the order of the report. */
export const casesOf = (params: NoiseParams): readonly Case[] =>
  params.data.flatMap((set) =>
    params.defenses.flatMap((kind) =>
      params.strengths.map((strength) => ({
        set,
        kind,
        strength,
        defense: defenseOf(kind, strength, params.keep),
        attackers: attackersOn(kind, strength, params),
      })),
    ),
  );

/** The attacks that an attacker is tuned over: every attacker tries as many. */
export const budgetOf = ({ rate, weight }: NoiseParams): number => rate.length * weight.length;

/** A training with audits before its first step and after its last one. */
export function trainingOf({ set, defense, attackers }: Case, params: NoiseParams, seed: number) {
  const { model, trainingSteps, batch, trainingRate, examples, testExamples, images, tuningImages, rate, weight, tv } = params;
  return {
    command: "train",
    data: { set: { kind: set }, examples, testExamples },
    client: { model, batch },
    defense,
    server: { optimizer: "adam", rate: trainingRate },
    rounds: trainingSteps,
    evaluate: trainingSteps,
    audit: {
      rounds: [0, trainingSteps],
      attacks: attackers.map(({ attack }) => attack),
      // The experiment compares attacks; it makes no claim about a defense.
      adaptive: false,
      control: false,
      samples: images,
      tuning: {
        vary: [
          { path: "rate", values: rate },
          { path: "prior.weight", values: weight },
          { path: "tv", values: tv },
        ],
        budget: budgetOf(params),
        samples: tuningImages,
        by: "distance",
      },
    },
    seed,
  };
}

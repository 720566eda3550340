import type { AssumedLawParams } from "./assumed-law-params.ts";
import type { AssumedLawResult } from "./assumed-law-result.ts";

export type Panel = AssumedLawResult["audits"][number]["panel"];

/** A defense, and what attackers assume who are wrong about it. */
export interface Case {
  readonly defense: string;
  readonly others: readonly string[];
}

/** The laws that are compared: of the noise, of a mask that is published, of one that is not. */
export function casesOf({ sigma, scale, keep }: AssumedLawParams): readonly Case[] {
  const [gaussian, laplacian] = [`gaussian:sigma=${sigma}`, `laplacian:scale=${scale}`];
  const masked = (noise: string, published: boolean): Case => ({
    defense: `mask:keep=${keep},published=${published}+${noise}`,
    others: [`mask:keep=${keep},redraw=never,seed=7+${noise}`, noise],
  });
  return [
    { defense: laplacian, others: [`gaussian:sigma=${Number((Math.SQRT2 * scale).toPrecision(6))}`] },
    ...[true, false].flatMap((published) => [gaussian, laplacian].map((noise) => masked(noise, published))),
  ];
}

/**
 * The audit of one defense by the attacker that knows its law and by the others, each tuned first.
 */
export function auditOf(panel: Panel, { defense, others }: Case, params: AssumedLawParams, seed: number) {
  const { width, dimension, model, rate, widen, weight } = params;
  const images = panel === "images";
  const [samples, tuning, steps] = images
    ? [params.images, params.tuningImages, params.imageSteps]
    : [params.samples, params.tuning, params.steps];
  const restarts = images ? 1 : params.restarts;
  const prior = images ? `tv:weight=${weight[0]},norm=squared` : "gaussian";
  const search = `steps=${steps},rate=${rate[0]},widen=${widen[0]},restarts=${restarts},prior=(${prior})`;
  const attack = (conditional?: string) => `bayes:${search}${conditional === undefined ? "" : `,conditional=(${conditional})`}`;
  const vary = [
    { path: "rate", values: rate },
    { path: "widen", values: widen },
    ...(images ? [{ path: "prior.weight", values: weight }] : []),
  ];
  return {
    command: "audit",
    // The experiment compares attacks; it makes no claim about a defense.
    control: false,
    data: { set: images ? { kind: "shapes" } : { kind: "gaussian", dimension, classes: 10 }, split: "test" },
    client: { model: images ? model : { kind: "mlp", sizes: [width], initial: "lecun" } },
    defenses: [defense],
    attacks: [attack(), ...others.map(attack)],
    ...(images ? {} : { score: { delta: Math.sqrt(dimension) / 4, deltaSpace: "model" } }),
    samples,
    tuning: { vary, budget: vary.reduce((all, { values }) => all * values.length, 1), samples: tuning, by: "distance" },
    seed,
  };
}

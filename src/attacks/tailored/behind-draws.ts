import {
  type AssumptionAndSearch,
  type Attack,
  assuming,
  atDraws,
  battery,
  dropping,
  type Observations,
  type Outline,
  outlineOfDraws,
  readDraws,
  tellsDraws,
} from "../../adversary/index.ts";
import { LeakageError } from "../../errors.ts";
import { catalogue } from "../../parts/index.ts";
import { peeling } from "../peeling.ts";

/** What an attack takes for the draws of the forward pass. */
export const drawSources = ["told", "joint", "center"] as const;

/** How an attack treats what the network drew in its forward pass. */
export interface DrawTreatment {
  /**
   * Where the draws come from: the update tells them, they are searched with the inputs, or they are
   * the center of their noise.
   */
  readonly draws: (typeof drawSources)[number];
  /** Whether the gradients of the layer that draws, and of those behind it, are left out. */
  readonly drop: boolean;
  /** The factor of the logarithm of the draws' density, where they are searched. */
  readonly weight: number;
}

/** The image of the features before the first dense layer, which no draw touches. */
const ofFeatures = (): Attack => catalogue("attack", [peeling]).build("peeling:refine=0").build({});

/**
 * The attack at the draws that the update tells. The image of the peeled features is its start, and
 * its answer where its own objective likes that better.
 */
function atToldDraws(known: AssumptionAndSearch): Attack {
  const features = ofFeatures();
  const work = { ...known.work!, steps: features.work!.steps + known.work!.steps };
  const judge = { name: "the attack at the draws", attack: known };
  const both = known.objective
    ? battery(() => [{ name: "the peeled features", attack: features }, judge], { assumes: known.assumes, work })
    : known;
  const told = (seen: Observations) => readDraws(seen).seen;
  const remarks = {
    exact: "The dense layers on both sides of the bottleneck give their inputs away, so the update tells what was drawn.",
    noisy:
      "The gradients of the dense layers around the bottleneck contradict themselves, as behind noise, so the draws that they tell are approximate.",
  };
  return {
    ...both,
    check: (seen) => {
      if (!tellsDraws(seen))
        throw new LeakageError(
          "spec",
          "attack on-precode:draws=told does not fit: the update tells what was drawn only of a batch of 1, where the random layer stands between two dense layers; use draws=joint.",
        );
      both.check?.(outlineOfDraws(seen));
    },
    async *reconstruct(seen, keys, run) {
      const read = readDraws(seen);
      for await (const progress of both.reconstruct(read.seen, keys, run))
        yield {
          ...progress,
          lanes: () => progress.lanes().map((lane, i) => ({ ...lane, remark: read.exact[i] ? remarks.exact : remarks.noisy })),
        };
    },
    ...(known.objective ? { objective: (seen, at, keys, run) => known.objective!(told(seen), at, keys, run) } : {}),
  };
}

/** The parameters whose gradients have the draws as more than a factor. */
function drawnIn({ rounds }: Outline): readonly string[] {
  const { drawn } = rounds[0]!.client.model;
  if (drawn) return drawn;
  throw new LeakageError(
    "spec",
    "attack on-precode does not fit this network: no dense layer with a bias receives the input, and no layer draws at random, so there is nothing to invert and nothing to search.",
  );
}

/**
 * An attack on a network that draws at random behind its first layer, with another treatment of what
 * it drew.
 */
export function behindDraws(inner: AssumptionAndSearch, { draws, drop, weight }: DrawTreatment, seen: Outline): Attack {
  const { assumption, search, assumes, labelRule } = inner;
  const drawn = drawnIn(seen);
  const likelihood = dropping(draws === "told" ? atDraws(assumption.likelihood) : assumption.likelihood, drop ? drawn : []);
  const changed = assuming({ ...assumption, likelihood, ...(draws === "joint" ? { draws: { weight } } : {}) }, search, {
    prior: assumes.prior,
    ...(labelRule ? { labelRule } : {}),
  });
  return draws === "told" ? atToldDraws(changed) : changed;
}

import { z } from "zod";
import type { AssumptionAndSearch, Attack } from "../../adversary/index.ts";
import { type Ats, ats as atsDefense, atsOf, type Defense } from "../../defenses/index.ts";
import { catalogue, nested, part } from "../../parts/index.ts";
import type { AttackDeclaration } from "../declaration.ts";
import { aroundSearch, searches } from "../searches.ts";
import { rarityIn } from "./ranked-cases.ts";
import { undoing } from "./undoing.ts";

/** The defenses whose transformations the attack undoes. */
const undoable = catalogue<Defense>("defense", [atsDefense]);

/** The authors' attack: it is after what the network saw, and knows nothing of the policy. */
function plain(inner: AssumptionAndSearch, seenNothing: boolean): Attack {
  const remark = "Nobody said which policy the client has, so the attack is after the image that the network saw.";
  return {
    ...inner,
    ...(seenNothing
      ? {
          reconstruct: async function* (seen, keys, run) {
            for await (const progress of inner.reconstruct(seen, keys, run))
              yield { ...progress, lanes: () => progress.lanes().map((lane) => ({ ...lane, remark })) };
          },
        }
      : {}),
  } satisfies Attack;
}

/**
 * The attack on ATS. That of Balunović et al. (2022) is Inverting Gradients with the parameters of
 * the default: it is after the transformed image, which the network saw. `undo=false` runs it alone.
 *
 * By default the attack goes on as one who knows the policy, and not what was drawn, and is after the
 * original. On the finished reconstruction of the transformed image it undoes every case of signs,
 * crops and policies, and ranks them by how likely they make it: what a case fills with black has to
 * be black, and the rest has to look like public images. From each of the best cases a short search
 * goes on for the original through the transformations, which are differentiable. The case whose
 * answer explains the update best is taken; of those that do so equally well, the one that ranks
 * first.
 *
 * Some of what chance does cannot be told from any update: which of the image and its mirror image
 * was the original, and where it lay before a crop whose border was shifted out. There the answer is
 * one of several that are as good. What was shifted out is gone; the prior fills it.
 */
export const onAts = part({
  kind: "on-ats",
  doc: "Reconstructs what the network saw behind ATS, and undoes the transformations of the policy, over all that may have been drawn (Balunović et al. 2022).",
  params: {
    attack: nested("attack", () => searches)
      .prefault("inverting-gradients:steps=2000,tv=1e-5")
      .describe("The attack on the image that the network saw. The default has the authors' parameters."),
    undo: z
      .boolean()
      .default(true)
      .describe("Whether the attack is after the original, and undoes the transformations. Otherwise it is the authors' attack."),
    defense: nested("defense", () => undoable)
      .nullable()
      .default(null)
      .describe("The policy that the attack assumes, as in (ats:policy=21-13-3). none takes that of the defense."),
    tries: z.int().positive().max(64).default(4).describe("How many of the best cases are searched on."),
    refine: z
      .int()
      .positive()
      .max(1_000_000)
      .nullable()
      .default(null)
      .describe("The steps of the search for the original in each of these cases. none takes a quarter of the attack's steps."),
  },
  build: ({ attack, undo, defense, tries, refine }): AttackDeclaration =>
    aroundSearch(attack, (inner, setting) => {
      // Where the defense is known to change no images, there is nothing to undo: that is a control.
      const unchanged = setting.law !== undefined && setting.ats === undefined;
      const stated: Ats | undefined = defense ? atsOf(undoable.build(defense)) : setting.ats;
      if (!undo || unchanged || !stated) return plain(inner, undo && !stated && setting.law === undefined);
      const steps = refine ?? Math.max(1, Math.round(inner.search.steps / 4));
      return undoing(inner, { ats: stated, tries, steps, rarity: () => rarityIn(setting.examples) });
    }),
});

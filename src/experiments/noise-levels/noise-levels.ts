import { z } from "zod";
import { attacks } from "../../attacks/index.ts";
import { drawKey } from "../../audit/index.ts";
import { fedSgd } from "../../client/index.ts";
import { shapesSet } from "../../data/index.ts";
import { defenses, lawOf } from "../../defenses/index.ts";
import { psnr } from "../../metrics/index.ts";
import { initialWeights, models } from "../../models/index.ts";
import { priors } from "../../priors/index.ts";
import { keyFromSeed, stream } from "../../random/index.ts";
import { taskOf } from "../../runs/index.ts";
import { privateBatches, reconstruct, simulate } from "../../scenario/index.ts";
import { experiment } from "../experiment.ts";
import { head, headOf } from "../experiment-result.ts";
import { kept } from "../kept.ts";
import { within } from "../progress.ts";

const row = z.strictObject({ sigma: z.number(), psnr: z.number().describe("Decibels, of the reconstruction.") });

/** How much of one image comes back behind more and more noise. */
export const noiseLevels = experiment({
  kind: "noise-levels",
  doc: "The PSNR of one reconstruction behind more and more Gaussian noise.",
  params: {
    sigma: z.array(z.number().positive()).min(1).default([0.001, 0.01, 0.1]).describe("Standard deviations of the noise."),
    steps: z.int().positive().max(1_000_000).default(400).describe("Steps of the attack."),
  },
  result: z.strictObject({ ...head("noise-levels"), rows: z.array(row).min(1) }).describe("PSNR by the standard deviation of the noise."),
  quick: { steps: "40" },
  build: ({ sigma, steps }) => ({
    async *run(run) {
      const root = keyFromSeed(run.spec.seed);
      const data = shapesSet("test");
      const example = data.example(0);
      const model = models.build("mlp:sizes=256", taskOf(data));
      const client = fedSgd({ model, weights: initialWeights(model, stream(root, "weights")) });
      const held = privateBatches([[example]], client);
      const prior = { prior: priors.build("tv:weight=1000"), name: "tv:weight=1000" };
      const rows: z.output<typeof row>[] = [];
      for (const [i, level] of sigma.entries()) {
        const made = yield* kept(run, `level-${i}`, row, async function* () {
          const defense = defenses.build({ kind: "gaussian", sigma: level });
          const received = await simulate({ client, defense }, held, [drawKey(root, "noise", 0)], run.machine);
          const attack = attacks.build(`bayes:steps=${steps}`).build({ law: lawOf(defense), prior });
          const seen = { rounds: [received], lanes: 1, batchSize: 1, labels: held.y };
          const running = reconstruct({ attack, labels: "known", seen, keys: [drawKey(root, "attack", 0)], options: run.machine });
          const [found] = yield* within(running, { before: i * steps, of: sigma.length * steps });
          return { sigma: level, psnr: psnr(example.image, found!.images[0]!) };
        });
        rows.push(made);
      }
      const notes = ["The label is given, and the network is untrained."];
      return { result: { ...headOf("noise-levels", run), rows, notes }, images: new Map() };
    },
  }),
});

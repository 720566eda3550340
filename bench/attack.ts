import type { Progress } from "../src/adversary/index.ts";
import { attacks } from "../src/attacks/index.ts";
import { fedSgd } from "../src/client/index.ts";
import { input, type NamedNumbers, sizeOf } from "../src/graph/index.ts";
import { fillNormal } from "../src/random/index.ts";
import { compile, releasePrograms } from "../src/runtime/index.ts";
import { oneHot } from "../src/scenario/index.ts";
import type { Problem } from "./problem.ts";

/** The gradient of every lane's private image: what the server sees. */
export async function observe({ model, weights, lanes, truth, labels }: Problem, threads: number): Promise<NamedNumbers> {
  const one = fedSgd({ model, weights });
  const x = input("x", [1, ...model.shape]);
  const y = input("y", [1, model.classes]);
  const gradients = one.update({ x, y });
  const program = await compile(Object.fromEntries(gradients.names.map((name) => [name, gradients.entries(name)])), { threads });
  const seen = new Map(
    model.parameters.map(({ name, shape }) => [name, { shape: [lanes, ...shape], data: new Float32Array(lanes * sizeOf(shape)) }]),
  );
  const pixels = truth.length / lanes;
  for (const [lane, label] of labels.entries()) {
    const sent = await program.run({ x: truth.slice(lane * pixels, (lane + 1) * pixels), y: oneHot([label], model.classes) });
    for (const name of gradients.names) {
      const own = sent[name]!;
      seen.get(name)!.data.set(own, lane * own.length);
    }
  }
  await program.dispose();
  // The attack's memory is measured without it.
  await releasePrograms();
  return seen;
}

/**
 * The same gradients with normal noise of a ten-thousandth of their size: no products of thin
 * factors any more, and else as good as the same.
 */
export function noisy(updates: NamedNumbers): NamedNumbers {
  return new Map(
    [...updates].map(([name, { shape, data }], i) => {
      const noise = new Float32Array(data.length);
      fillNormal([0, i], noise);
      const size = Math.sqrt(data.reduce((sum, entry) => sum + entry * entry, 0) / data.length);
      return [name, { shape, data: data.map((entry, j) => entry + 1e-4 * size * noise[j]!) }];
    }),
  );
}

/** The attack of the command line, without an end. Each value that is asked for takes one step. */
export function attack(problem: Problem, updates: NamedNumbers, threads: number): AsyncIterator<Progress> {
  const { model, weights, lanes, labels, start, tv, rate } = problem;
  const declaration = attacks.build({ kind: "inverting-gradients", steps: 1_000_000, decay: "none", tvNorm: "l1", tv, rate });
  const round = { client: fedSgd({ model, weights }), updates };
  const seen = { rounds: [round], lanes, batchSize: 1, labels: oneHot(labels, model.classes) };
  const keys = labels.map((_, lane) => [0, lane] as const);
  return declaration.build({}).reconstruct(seen, keys, { threads, start })[Symbol.asyncIterator]();
}

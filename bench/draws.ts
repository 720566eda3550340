import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { assuming } from "../src/adversary/index.ts";
import { laplacianLikelihood } from "../src/defenses/index.ts";
import type { Figure4Params } from "../src/experiments/figure-4/figure-4-params.ts";
import { syntheticNetwork } from "../src/experiments/figure-4/synthetic-network.ts";
import { experiments } from "../src/experiments/index.ts";
import { adam, constantRate } from "../src/optimizers/index.ts";
import { priors } from "../src/priors/index.ts";
import { keyFromSeed } from "../src/random/index.ts";
import { runCommand } from "./command.ts";

// Times thousands of draws in the setting of figure 4, from nothing to distances: inputs, updates
// behind Laplace noise, compilation, 200 steps of the Bayes optimal adversary. Then what a user
// gets, the same as a command, from the start of its process to its report; and the JavaScript of a
// step of a smaller network. npm run bench:draws -- [--draws 10000] [--lanes 256] [--threads N]

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { draws: text, lanes: text, threads: text } });
const draws = Number(values.draws ?? 10_000);
const threads = Number(values.threads ?? availableParallelism());
const lanes = Number(values.lanes ?? 256);

const [load] = loadavg();
if (load! > 0.5) console.error(`The machine is busy (load ${load!.toFixed(1)}): the wall time will say little.`);

const began = performance.now();
const usage = process.cpuUsage();
const since = () => (performance.now() - began) / 1000;
const params = experiments.parse({ kind: "figure-4" }) as unknown as Figure4Params;
const network = await syntheticNetwork(params, { width: 100, classes: 10 }, keyFromSeed(1), { threads });
const attack = assuming(
  { likelihood: laplacianLikelihood(0.1), prior: priors.build("gaussian") },
  { optimizer: adam(), steps: 200, rate: constantRate(0.1), start: "normal", box: false, restarts: 1, result: "last" },
  { prior: "gaussian" },
);
let sampling = 0;
let distances = 0;
const size = Math.ceil(draws / Math.ceil(draws / lanes));
for (let from = 0; from < draws; from += size) {
  const before = since();
  const { seen, x, start, keys } = await network.draws(from, size);
  sampling += since() - before;
  let images = start;
  for await (const progress of attack.reconstruct(seen, keys, { threads, start }))
    if (progress.step === progress.of) images = progress.inputs();
  for (let i = 0; i < Math.min(size, draws - from); i++) {
    const own = images.subarray(20 * i, 20 * (i + 1));
    distances += Math.sqrt(own.reduce((sum, entry, j) => sum + (entry - x[20 * i + j]!) ** 2, 0));
  }
}
const { user, system } = process.cpuUsage(usage);
const seconds = since();
console.log(
  `${draws} draws in ${seconds.toFixed(1)} s, of which ${sampling.toFixed(1)} s inputs and updates; ${((user + system) / 1e6).toFixed(1)} s of processor time; ` +
    `${threads} threads, ${size} lanes; mean distance ${(distances / draws).toFixed(4)}`,
);

/** The command of the same attack. */
const audit = (samples: number, width: number, steps = 200) =>
  runCommand<{ readonly spec: { readonly lanes: number } }>([
    ...["audit", "--samples", String(samples), "--threads", String(threads), "--control", "no"],
    ...["--data", "gaussian:dimension=20,classes=10", "--model", `mlp:sizes=${width}`, "--prior", "gaussian", "--delta", "1"],
    ...["--defense", "laplacian:scale=0.1", "--attack", `bayes:steps=${steps}`],
  ]);

const command = await audit(draws, 100);
console.log(
  `gradleak audit: ${draws} draws in ${command.seconds.toFixed(1)} s, ${(command.seconds / seconds).toFixed(2)} of that; ${command.secondsInCalls.toFixed(1)} s in ` +
    `ONNX Runtime; ${command.cpuSeconds.toFixed(1)} s of processor time; ${command.result.spec.lanes} lanes`,
);
const small = await audit(400, 64, 2000);
console.log(`JavaScript of a step, 64 hidden units: ${small.msBetweenCalls!.toFixed(3)} ms (median); ${small.result.spec.lanes} lanes`);

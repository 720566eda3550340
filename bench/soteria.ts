import { execFileSync } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { fedSgd } from "../src/client/index.ts";
import { derivativeNorms } from "../src/defenses/feature-scores.ts";
import { input } from "../src/graph/index.ts";
import { initialWeights, models } from "../src/models/index.ts";
import { fillNormal, keyFromSeed } from "../src/random/index.ts";
import { compile } from "../src/runtime/index.ts";

// Times Soteria's scores on ConvBig: the derivatives of 2000 features by the image, in a few calls,
// beside a loop of one backward pass a feature in PyTorch, as the authors have it.
// npm run bench:soteria -- [--threads N] [--python PYTHON]

const text = { type: "string" } as const;
const { values } = parseArgs({ options: { threads: text, python: text } });
const threads = Number(values.threads ?? availableParallelism());

const [load] = loadavg();
if (load! > 0.5) console.error(`The machine is busy (load ${load!.toFixed(1)}): the wall time will say little, the processor time more.`);

const model = models.build("convbig", { shape: [3, 32, 32], classes: 10, normalization: { mean: [0, 0, 0], std: [1, 1, 1] } });
const client = fedSgd({ model, weights: initialWeights(model, keyFromSeed(1)) });
const x = input("x", [1, 3, 32, 32]);
const features = client.taps({ x, y: input("y", [1, 10]) }).get("lin2.input")!;
const image = new Float32Array(3072);
fillNormal(keyFromSeed(2), image);

const began = performance.now();
const program = await compile({ norms: derivativeNorms(features, x) }, { threads });
const compiling = (performance.now() - began) / 1000;
const times: { readonly wall: number; readonly processor: number }[] = [];
for (let i = 0; i < 7; i++) {
  const [at, usage] = [performance.now(), process.cpuUsage()];
  await program.run({ x: image });
  const { user, system } = process.cpuUsage(usage);
  times.push({ wall: (performance.now() - at) / 1000, processor: (user + system) / 1e6 });
}
await program.dispose();
const median = (of: (one: (typeof times)[number]) => number) => times.map(of).sort((a, b) => a - b)[times.length >> 1]!;
const own = { wall: median(({ wall }) => wall), processor: median(({ processor }) => processor) };
console.log(
  `Gradleak: ${own.wall.toFixed(3)} s, ${own.processor.toFixed(3)} s of processor time, median of ${times.length} (${compiling.toFixed(1)} s to compile once), ${threads} threads`,
);
if (values.python) {
  const told = execFileSync(values.python, ["bench/peers/soteria_loop.py", String(threads)], { encoding: "utf8" });
  const peer = JSON.parse(told) as { readonly wall: number; readonly processor: number };
  console.log(`PyTorch, a backward pass a feature: ${peer.wall.toFixed(3)} s, ${peer.processor.toFixed(3)} s of processor time`);
  console.log(`${(peer.wall / own.wall).toFixed(1)} times as fast, ${(peer.processor / own.processor).toFixed(1)} times by processor time`);
}

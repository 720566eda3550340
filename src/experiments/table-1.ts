import { z } from "zod";
import type { AssumptionAndSearch } from "../adversary/index.ts";
import { attacks } from "../attacks/index.ts";
import { oneHot, type Tick, toModelSpace } from "../audit/index.ts";
import { type Batch, type Client, client } from "../client/index.ts";
import { shapes } from "../data/index.ts";
import { defenses } from "../defenses/index.ts";
import { constant, Gradients, grad, input, type Tensor } from "../graph/index.ts";
import { initialWeights, models } from "../models/index.ts";
import { part } from "../parts/index.ts";
import { priors } from "../priors/index.ts";
import { fillNormal, foldIn, keyFromSeed } from "../random/index.ts";
import { evaluate } from "../runtime/index.ts";
import type { Experiment, ExperimentRun, Finding } from "./experiment.ts";
import { headOf } from "./result.ts";
import type { Table1Result, Table1Row } from "./table-1-result.ts";

/** What a method's own loss is written in: gradients of the guess and of the client, the guess, its batch-norm statistics. */
interface Ingredients {
  /** A parameter each: gradients at the guess, and what the server saw. */
  readonly own: readonly Tensor[];
  readonly seen: readonly Tensor[];
  readonly x: Tensor;
  readonly statistics: ReturnType<Client["batchStatistics"]>;
}

const square = (t: Tensor): Tensor => t.square().sum();
const distances = ({ own, seen }: Ingredients): Tensor[] => own.map((g, l) => square(g.sub(seen[l]!)));
const addUp = (terms: readonly Tensor[]): Tensor => terms.reduce((sum, term) => sum.add(term));
/** x(i + down, j + right) − x(i, j), where both are in the picture. */
function neighbors(x: Tensor, down: number, right: number): Tensor {
  const [h, w] = [x.shape[2]! - down, x.shape[3]! - Math.abs(right)];
  const at = (i: number, j: number) => x.slice([0, 0, i, j], [x.shape[0]!, x.shape[1]!, h, w]);
  return at(down, Math.max(0, right)).sub(at(0, Math.max(0, -right)));
}
const fourDirections = [
  [0, 1],
  [1, 0],
  [1, 1],
  [1, -1],
] as const;
/** R_fidelity of GradInversion with the factors below. */
const fidelityLoss = ({ x, statistics }: Ingredients): Tensor =>
  addUp([
    addUp(fourDirections.map(([down, right]) => square(neighbors(x, down, right)).sqrt())).mul(1e-4),
    addUp(Array.from({ length: x.shape[0]! }, (_, i) => square(x.range(0, i, i + 1)).sqrt())).mul(1e-6),
    addUp(
      statistics.map(({ batch, running }, i) =>
        square(batch.mean.sub(running.mean))
          .sqrt()
          .add(square(batch.variance.sub(running.variance)).sqrt())
          .mul(i === 0 ? 1 : 0.1),
      ),
    ),
  ]);

interface Method {
  readonly name: string;
  readonly source: string;
  /** The value of the catalogue, and the defense that it is up against. */
  readonly attack: string;
  readonly defense: string;
  readonly prior?: string;
  /** Its own loss, as the method's authors write it, from plain tensors. */
  readonly loss: string;
  build(ingredients: Ingredients): Tensor;
}

const lossOfDlg = (from: Ingredients): Tensor => addUp(distances(from));

/** The rows of Table 1, each with the loss of its authors; the constants are the attacks' defaults. */
const methods: readonly Method[] = [
  {
    name: "DLG",
    source: "Zhu et al. 2019",
    attack: "dlg",
    defense: "none",
    loss: "Σ_l ‖∇_l(x) − g_l‖²",
    build: lossOfDlg,
  },
  {
    name: "iDLG",
    source: "Zhao et al. 2020",
    attack: "idlg",
    defense: "none",
    loss: "Σ_l ‖∇_l(x) − g_l‖², label read off",
    build: lossOfDlg,
  },
  {
    name: "Inverting Gradients",
    source: "Geiping et al. 2020",
    attack: "inverting-gradients",
    defense: "none",
    loss: "1 − ⟨∇(x), g⟩ / (‖∇(x)‖ ‖g‖) + 1e-4 · (mean |Δ→x| + mean |Δ↓x|)",
    build: ({ own, seen, x }) => {
      const product = addUp(own.map((g, l) => g.mul(seen[l]!).sum()));
      const norms = addUp(own.map(square))
        .mul(addUp(seen.map(square)))
        .sqrt();
      const variation = neighbors(x, 0, 1)
        .abs()
        .mean()
        .add(neighbors(x, 1, 0).abs().mean());
      return product.div(norms).neg().add(1).add(variation.mul(1e-4));
    },
  },
  {
    name: "GradInversion",
    source: "Yin et al. 2021",
    attack: "gradinversion",
    defense: "none",
    loss: "1e-3 · Σ_l ‖∇_l(x) − g_l‖ + 1e-4 · TV(x) + 1e-6 · ‖x‖ + 0.1 · R_BN(x)",
    build: (from) =>
      addUp(distances(from).map((d) => d.sqrt()))
        .mul(1e-3)
        .add(fidelityLoss(from)),
  },
  {
    name: "GradInversion, read as a Gaussian",
    source: "the paper's Table 1",
    attack: "gradinversion:law=gaussian",
    defense: "none",
    loss: "1e-3 · ½ Σ_l ‖∇_l(x) − g_l‖² + 1e-4 · TV(x) + 1e-6 · ‖x‖ + 0.1 · R_BN(x)",
    build: (from) => addUp(distances(from)).mul(0.5e-3).add(fidelityLoss(from)),
  },
  {
    name: "Bayes, behind Laplacian noise",
    source: "Balunović et al.",
    attack: "bayes",
    defense: "laplacian:scale=0.1",
    prior: "gaussian",
    loss: "Σ |∇(x) − g| / 0.1 + ½ ‖x‖²",
    build: ({ own, seen, x }) =>
      addUp(own.map((g, l) => g.sub(seen[l]!).abs().sum()))
        .div(0.1)
        .add(square(x).mul(0.5)),
  },
];

/**
 * Table 1 of the paper: existing attacks as assumptions about p(g | x) and p(x). Each row is a value of the catalogue; the derivative in x of what it minimizes is
 * compared with that of its authors' loss, on the gradients of a network and pictures that ship.
 */
export const table1 = part({
  kind: "table-1",
  doc: "Table 1: the attacks as values, and the cosine of each one's gradient with that of its authors' loss.",
  params: {
    width: z.int().positive().max(64).default(4).describe("Width of the ConvNet whose gradients are compared."),
    batch: z.int().positive().max(8).default(2).describe("Pictures in the update."),
  },
  build: (params): Experiment => ({ run: (run) => table1Of(params, run) }),
});

async function* table1Of(
  { width, batch }: { readonly width: number; readonly batch: number },
  run: ExperimentRun,
): AsyncGenerator<Tick, Finding> {
  const seed = keyFromSeed(run.spec.seed);
  const dataset = shapes("test");
  const task = { shape: dataset.shape, classes: dataset.classes.length, normalization: { mean: dataset.mean, std: dataset.std } };
  const model = models.build(`convnet:width=${width}`, task);
  const one = client({ model, weights: initialWeights(model, foldIn(seed, 0)) });
  const examples = Array.from({ length: batch }, (_, i) => dataset.example(i));
  const privateX = Float32Array.from(examples.flatMap(({ image }) => [...toModelSpace(image, task.normalization)]));
  const labels = oneHot(
    examples.map(({ label }) => label),
    one,
  );
  const guess = new Float32Array(privateX.length);
  fillNormal(foldIn(seed, 1), guess);
  const y = constant(labels, [batch, task.classes]);
  const seen = evaluate([...one.gradients({ x: constant(privateX, [batch, ...task.shape]), y }).tensors.values()]).map(({ shape, data }) =>
    constant(data, shape),
  );
  const x = input("x", [batch, ...task.shape]);
  const at = { one, batch: { x, y }, seen, guess };
  const rows: Table1Row[] = [];
  for (const [i, method] of methods.entries()) {
    rows.push(rowOf(method, at));
    yield { step: i + 1, of: methods.length, objective: rows.at(-1)!.cosine };
  }
  const result: Table1Result = {
    ...headOf("table-1", run),
    rows,
    notes: [
      "GradInversion stands twice: with the un-squared norms of the method itself, and with the Gaussian as which the paper reads it.",
      "The paper prints the cosine law of Inverting Gradients with the opposite sign; maximizing it must raise the similarity.",
    ],
  };
  return { result, pictures: new Map() };
}

/** A row, and how its objective's derivative compares with that of the authors' loss at the guess. */
function rowOf(
  method: Method,
  {
    one,
    batch,
    seen,
    guess,
  }: { readonly one: Client; readonly batch: Batch; readonly seen: readonly Tensor[]; readonly guess: Float32Array },
): Table1Row {
  const { likelihood } = defenses.build(method.defense);
  const attack = attacks.build(method.attack).build({
    jointLabels: false,
    ...(likelihood ? { likelihood } : {}),
    ...(method.prior ? { prior: { prior: priors.build(method.prior), name: method.prior } } : {}),
  });
  const gradients = one.gradients(batch);
  const own = gradients.names.map((name) => gradients.entries(name));
  const theirs = method.build({ own, seen, x: batch.x, statistics: one.batchStatistics(batch) });
  const [a, b] = evaluate(
    [objective(attack, one, batch, seen), theirs].flatMap((loss) => grad(loss, [batch.x])),
    { x: guess },
  );
  const dot = (u: ArrayLike<number>, v: ArrayLike<number>) => Array.from(u, (each, i) => each * v[i]!).reduce((sum, each) => sum + each, 0);
  const cosine = dot(a!.data, b!.data) / Math.sqrt(dot(a!.data, a!.data) * dot(b!.data, b!.data));
  const { law, prior, radius, samples } = attack.assumes;
  return { method: method.name, source: method.source, attack: method.attack, law, prior, radius, samples, loss: method.loss, cosine };
}

/** What an attack minimizes at the point x: −log p(g | x) − log p(x). */
function objective({ assumption }: AssumptionAndSearch, one: Client, batch: Batch, seen: readonly Tensor[]): Tensor {
  const update = new Gradients(new Map(one.parameters.map(({ name }, l) => [name, seen[l]!])));
  return assumption.likelihood.given(one)(batch).logProb(update).add(assumption.prior.density(one).logProb(batch)).neg();
}

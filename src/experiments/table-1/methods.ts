import type { LayerStatistics } from "../../client/index.ts";
import type { Tensor } from "../../graph/index.ts";

/**
 * What a method's own loss is written in: gradients of the guess and of the client, the guess, its
 * batch-norm statistics.
 */
interface Ingredients {
  /** A parameter each: gradients at the guess, and what the server saw. */
  readonly own: readonly Tensor[];
  readonly seen: readonly Tensor[];
  readonly x: Tensor;
  readonly statistics: readonly LayerStatistics[];
}

const square = (t: Tensor): Tensor => t.square().sum();
const distances = ({ own, seen }: Ingredients): Tensor[] => own.map((g, l) => square(g.sub(seen[l]!)));
const addUp = (terms: readonly Tensor[]): Tensor => terms.reduce((sum, term) => sum.add(term));
/** x(i + down, j + right) − x(i, j), where both are in the image. */
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

export interface Method {
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

/**
 * The rows of Table 1, each with the loss of its authors; the constants are the attacks' defaults.
 */
export const methods: readonly Method[] = [
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

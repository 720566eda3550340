import { publishedIn } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import type { NamedNumbers } from "../graph/index.ts";
import { type Model, matchTensors, type Weights } from "../models/index.ts";
import type { PartSpec } from "../parts/index.ts";
import { hardlySays, isSilent } from "./information.ts";
import type { InvertSpec } from "./invert-spec.ts";
import { type Fit, headSigns, type LastLayer, lastLayer, scaleOf } from "./last-layer.ts";
import type { UpdateKind } from "./update-kinds.ts";

/** An update from a file as an attack sees it: the gradient of the mean loss. */
export interface ReadUpdate {
  readonly gradient: NamedNumbers;
  readonly published: NamedNumbers;
  /** The update as the spec names it, with what was found out about it. */
  readonly update: InvertSpec["update"];
  /** What a reader must know about it, in sentences. */
  readonly notes: readonly string[];
}

/** The numbers of an update and those of the weights, compared over all parameters. */
interface Comparison {
  readonly norm: number;
  readonly weightsNorm: number;
  /** The norm of their difference. */
  readonly apart: number;
}

const words: Readonly<Record<UpdateKind, string>> = {
  gradient: "a gradient",
  difference: "a difference of weights (after minus before)",
  weights: "the weights after training",
};

/**
 * Reads the tensors of a file as the gradient of the mean loss at the given weights.
 *
 * A gradient is taken as it is, divided by `scale`. A difference, w_after − w_before, counts as one
 * step of SGD: it is −scale times the gradient, and scale is the learning rate. (Several small
 * steps on the same batch add up to nearly the same with the rate times their number; momentum,
 * Adam and weight decay do not.) Of new weights, w_before is subtracted first.
 *
 * If nobody states a scale, and the update is of one image under cross-entropy, it is read off the
 * last layer: its gradient is (p − y) hᵀ and that of its bias is p − y. The ratio h needs no scale,
 * h and the weights give p, and the scale is what is left. A gradient whose last layer does not fit
 * to 2 % is taken as it is.
 *
 * @throws LeakageError `file` for tensors that do not match, and for an update that is zero
 * everywhere; `spec` for an update that is not what it is said to be, or whose scale is needed and
 * not known.
 */
export function readUpdate(
  { update: stated, client, knownLabels, attack: asked }: InvertSpec,
  { model, weights, anyScale }: { readonly model: Model; readonly weights: Weights; readonly anyScale: boolean },
  tensors: NamedNumbers,
  source: string,
): ReadUpdate {
  const { update: sent, published } = publishedIn(model.parameters, tensors, source);
  const { tensors: matched, note } = matchTensors(model, sent, source);
  const parameters: NamedNumbers = new Map(model.parameters.map(({ name }) => [name, matched.get(name)!]));
  const statistics = matched.size > parameters.size;
  requireNumbers(model, parameters, `${source} is zero everywhere`);
  const compared = compare(parameters, weights);
  const smooth = client.loss.kind === "cross-entropy" ? Number(client.loss.smoothing) : undefined;
  const is = stated.is ?? "gradient";
  const whole = areWeights(compared);
  if (whole && (stated.is === undefined || stated.is === "difference"))
    throw mistaken(source, is, "weights", `its numbers are those of --weights but for ${percent(compared.apart / compared.weightsNorm)}`);
  if (is === "weights" && compared.norm < 0.1 * compared.weightsNorm)
    throw mistaken(source, is, "difference", `its norm is ${percent(compared.norm / compared.weightsNorm)} of that of --weights`);
  const change = is === "weights" ? minus(parameters, weights) : parameters;
  requireNumbers(model, change, `${source} and --weights are equal`);
  const last = smooth === undefined ? undefined : lastLayer(model, weights, change);
  const signs = last && smooth === 0 ? headSigns(last, client.batch, isEven(change)) : undefined;
  const notes = note ? [note] : [];
  if (stated.is === undefined && statistics)
    throw mistaken(source, is, "difference", "it has running statistics of batch normalization, and no gradient has");
  if (signs && signs.kind !== (is === "gradient" ? "gradient" : "difference")) {
    if (stated.is === undefined) throw mistaken(source, is, "difference", signs.evidence);
    if (is !== "gradient")
      throw new LeakageError(
        "spec",
        is === "weights"
          ? `${source} minus --weights has the signs of a gradient: ${signs.evidence}. Are the two files swapped? --weights takes those before training, and --update those after it.`
          : `${source} has the signs of a gradient: ${signs.evidence}. It is a gradient, or weights before training minus those after it: state --update-is gradient.`,
      );
    notes.push(`The update is taken as a gradient, as stated, and has the signs of a difference: ${signs.evidence}.`);
  }
  const fits = last && client.batch === 1 && published.size === 0 && !assumesClip(asked) ? last : undefined;
  const fitted = (sign: 1 | -1) => fits && scaleOf(fits, sign, smooth!, knownLabels?.[0]);
  const fit = fitted(is === "gradient" ? 1 : -1);
  if (fits && stated.is === undefined) {
    const other = fitted(-1);
    const [own, opposite] = [fit?.misfit ?? 1, other?.misfit ?? 1];
    if (opposite <= 0.02 && own > 0.1)
      throw mistaken(source, is, "difference", `its last layer is minus ${shown(other!.scale)} times a gradient at these weights`);
    if (opposite <= 0.02 && stated.scale === undefined && isScaled(fit))
      throw new LeakageError(
        "spec",
        `${source} is ${shown(fit!.scale)} times the gradient of an image of one class, or minus ${shown(other!.scale)} times that of the other class, as after a step of SGD. With two classes, nothing tells which: state --update-is.`,
      );
  }
  const given: Given = { is, batch: client.batch, anyScale, source, ...(stated.scale === undefined ? {} : { stated: stated.scale }) };
  const { scale, note: scaled } = scaleFor(given, fit, last);
  if (scaled) notes.push(scaled);
  const factor = (is === "gradient" ? 1 : -1) / (scale ?? 1);
  const gradient = factor === 1 ? change : times(change, factor);
  const little = scale === undefined ? undefined : hardlySays(model, gradient);
  if (little) notes.push(`The update ${little}.`);
  return {
    gradient,
    published,
    update: { ...stated, is, ...(scale === undefined ? {} : { scale }) },
    notes,
  };
}

/** What decides about the scale of an update. */
interface Given {
  readonly is: UpdateKind;
  readonly batch: number;
  /** Whether the attack compares directions only. */
  readonly anyScale: boolean;
  readonly source: string;
  /** The scale that the user states. */
  readonly stated?: number;
}

/**
 * The scale of an update, and how it was found; undefined if it is not known and not needed.
 *
 * @throws LeakageError `spec` if it is needed and not known.
 */
function scaleFor(
  { is, batch, anyScale, source, stated }: Given,
  fit: Fit | undefined,
  last: LastLayer | undefined,
): { readonly scale?: number; readonly note?: string } {
  const what = is === "gradient" ? "The update" : `The ${is === "weights" ? "change of the weights" : "difference"}`;
  const rate = is === "gradient" ? "" : "minus ";
  if (stated !== undefined)
    return {
      scale: stated,
      ...(stated === 1 && is === "gradient"
        ? {}
        : { note: `${what} is taken as ${rate}${stated} times the gradient, as stated by --scale.` }),
    };
  if (is === "gradient") {
    if (fit && isScaled(fit))
      return {
        scale: fit.scale,
        note: `${what} is ${shown(fit.scale)} times the gradient of the mean loss, by the bias of the last layer, and was divided by that. --scale 1 takes it as it is.`,
      };
    // Entries of p̄ − n/B: both sum to 1.
    const most = last?.bias.reduce((sum, entry) => sum + Math.abs(entry), 0) ?? 0;
    if (fit || most <= 2.02) return { scale: 1 };
    if (anyScale)
      return {
        note: `${what} is longer than the gradient of a mean loss can be. The attack compares directions only, so its scale does not matter.`,
      };
    throw new LeakageError(
      "spec",
      `${source} is not the gradient of a mean loss: the magnitudes of its last bias add up to ${shown(most)}, and for cross-entropy they add up to 2 at most. State --scale, the factor of the loss: ${batch} for a loss summed over ${batch} images.`,
    );
  }
  if (fit) {
    const poor =
      fit.misfit > 0.1
        ? " It fits badly: the client took several large steps, momentum, Adam or weight decay, or these are not its weights."
        : "";
    return {
      scale: fit.scale,
      note: `${what} is taken as one step of SGD, minus ${shown(fit.scale)} times the gradient. This scale, the learning rate, was fitted to the last layer, which is explained but for ${percent(fit.misfit)}.${poor}`,
    };
  }
  if (anyScale)
    return {
      note: `${what} is taken as one step of SGD, minus the gradient times an unknown learning rate. The attack compares directions only, so the rate does not matter.`,
    };
  throw new LeakageError(
    "spec",
    `${source} is ${words[is]}, and the learning rate cannot be read off it here: state it with --scale (for several steps on the same images, the rate times their number), or take an attack that compares directions only, such as inverting-gradients.`,
  );
}

/** Whether a gradient is clearly another multiple of the gradient of the mean loss than 1. */
const isScaled = (fit: Fit | undefined): boolean =>
  fit !== undefined && fit.misfit <= 0.02 && Math.abs(fit.scale - 1) > Math.max(1e-3, 5 * fit.misfit);

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;
const shown = (number: number): string => String(Number(number.toPrecision(4)));

/** An update that is something else than it is taken for. */
const mistaken = (source: string, taken: UpdateKind, is: UpdateKind, evidence: string): LeakageError =>
  new LeakageError(
    "spec",
    `${source} is not ${words[taken]}, but ${words[is]}: ${evidence}. State --update-is ${is}${taken === "gradient" ? ", or --update-is gradient to take it as a gradient all the same" : ""}.`,
  );

/** Refuses an update that says nothing. */
function requireNumbers(model: Model, update: NamedNumbers, what: string): void {
  if (isSilent(model, update))
    throw new LeakageError(
      "file",
      `${what}: it says nothing about the images, so nothing can be attacked. (A network that is certain of a class sends such updates, and so does a client that did not train.)`,
    );
}

function compare(update: NamedNumbers, weights: Weights): Comparison {
  let [norm, weightsNorm, apart] = [0, 0, 0];
  for (const [name, { data }] of update) {
    const own = weights.get(name)!.data;
    for (let i = 0; i < data.length; i++) {
      norm += data[i]! ** 2;
      weightsNorm += own[i]! ** 2;
      apart += (data[i]! - own[i]!) ** 2;
    }
  }
  return { norm: Math.sqrt(norm), weightsNorm: Math.sqrt(weightsNorm), apart: Math.sqrt(apart) };
}

/**
 * Whether no entry stands out, as after a few steps of Adam, which divides each by its own size:
 * the largest is then at most about twice the median. It is 15 times the median and more in
 * gradients, and 4 times in noise.
 */
function isEven(update: NamedNumbers): boolean {
  const sizes = [...update.values()].flatMap(({ data }) => {
    const stride = Math.ceil(data.length / 1000);
    return Array.from({ length: Math.floor(data.length / stride) }, (_, i) => Math.abs(data[i * stride]!)).filter((size) => size > 0);
  });
  sizes.sort((a, b) => a - b);
  return sizes.length > 0 && sizes.at(-1)! < 3 * sizes[Math.floor(sizes.length / 2)]!;
}

/**
 * Whether numbers are those of weights after training: of the same size, and in the same direction
 * as the weights before it. A gradient is nearly at a right angle to them.
 */
function areWeights({ norm, weightsNorm, apart }: Comparison): boolean {
  const cosine = (norm ** 2 + weightsNorm ** 2 - apart ** 2) / (2 * norm * weightsNorm);
  return cosine >= 0.5 && norm >= 0.2 * weightsNorm && norm <= 5 * weightsNorm;
}

const minus = (after: NamedNumbers, before: Weights): NamedNumbers =>
  new Map([...after].map(([name, { shape, data }]) => [name, { shape, data: data.map((entry, i) => entry - before.get(name)!.data[i]!) }]));

const times = (numbers: NamedNumbers, factor: number): NamedNumbers =>
  new Map([...numbers].map(([name, { shape, data }]) => [name, { shape, data: data.map((entry) => entry * factor) }]));

/** Whether an attack states a law in which the client shortened its gradient. */
function assumesClip({ conditional }: PartSpec): boolean {
  const links = (Array.isArray(conditional) ? conditional : [conditional]) as readonly { readonly kind?: string }[];
  return links.some((link) => link?.kind === "clip" || link?.kind === "dp-sgd");
}

import { crossEntropy, fedSgdAt } from "../client/index.ts";
import { type Defense, defended } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { input } from "../graph/index.ts";
import { completeWeights, type Examples, haveStatistics, initialWeights, type Model, matchTensors, type Weights } from "../models/index.ts";
import { format } from "../parts/index.ts";
import { keyFromSeed, stream } from "../random/index.ts";
import type { AuditSpec } from "./audit-spec.ts";
import type { Sources } from "./sources.ts";

/** What says which weights a client has. */
interface Weighted {
  readonly client: Pick<AuditSpec["client"], "weights" | "statistics">;
  readonly seed: number;
}

/**
 * The client's weights, from a file or drawn from the seed, and what a reader must know about them.
 * If the file has what a defense adds to the network, so have the weights.
 *
 * @param behind the defenses of the client.
 */
export async function weightsOf(
  { client: { weights, statistics }, seed }: Weighted,
  model: Model,
  sources: Sources,
  behind: readonly Defense[],
): Promise<{ readonly weights: Weights; readonly notes: readonly string[] }> {
  const bare = statistics
    ? [`The running statistics of batch normalization are from passes over ${statistics.examples} public images.`]
    : model.statistics.length > 0
      ? ["The weights have no running statistics of batch normalization: means of 0 and variances of 1 are used instead."]
      : [];
  if (weights.kind === "initial")
    return {
      weights: initialWeights(model, stream(keyFromSeed(seed), "weights")),
      notes: ["The network's weights are random, not trained; trained networks leak less.", ...bare],
    };
  const { tensors, source } = await sources.tensors("weights", weights.sha256);
  const added = addedBy(behind, model);
  const holds = (name: string) => [...tensors.keys()].some((own) => own === name || own.endsWith(`.${name}`));
  const held = added.find(({ names }) => names.some(holds));
  const matched = matchTensors(held?.model ?? model, tensors, source);
  const whole = haveStatistics(model, matched.tensors);
  if (statistics && model.statistics.length > 0 && whole)
    throw new LeakageError("spec", `--statistics does not fit --weights ${source}, which has its own running statistics.`);
  return {
    weights: completeWeights(held?.model ?? model, matched.tensors, source),
    notes: [
      ...(matched.note ? [matched.note] : []),
      ...(whole ? [] : bare),
      ...(held ? [`${source} has the weights of what the defense adds to the network: ${held.names.join(", ")}.`] : []),
      ...(added.length > 0 && !held
        ? [`${source} has no weights of what the defense adds to the network, so these are random, by the seed of the defense.`]
        : []),
    ],
  };
}

/** What each defense that changes the network adds to it. */
function addedBy(behind: readonly Defense[], model: Model): readonly { readonly model: Model; readonly names: readonly string[] }[] {
  const shapes = new Map([...model.parameters, ...model.statistics].map(({ name, shape }) => [name, input(name, shape)]));
  const client = fedSgdAt({ model, mode: "eval", loss: crossEntropy, weights: (name) => shapes.get(name) });
  return behind.flatMap((defense) => {
    const changed = defended(defense, client).model;
    const names = changed.parameters.flatMap(({ name }) => (shapes.has(name) ? [] : [name]));
    return names.length === 0 ? [] : [{ model: changed, names }];
  });
}

/**
 * Refuses running statistics that a spec asks for if they cannot be estimated.
 *
 * They become statistics of the network itself, not only of the attacker: the client in eval mode
 * normalizes by them, and the prior `batch-norm` compares with them. In train mode the client never
 * reads them, so only the prior does. In eval mode, nobody trains or sends a network that
 * normalizes by means of 0 and variances of 1.
 *
 * @throws LeakageError `spec` for a network without batch normalization, data without public
 * images, too few of them, or a number that does not make whole passes.
 */
export function requireStatistics({ statistics, model: network }: AuditSpec["client"], model: Model, examples?: Examples): void {
  if (!statistics) return;
  const { examples: count, batch } = statistics;
  const flag = `--statistics ${count}`;
  if (model.statistics.length === 0)
    throw new LeakageError("spec", `${flag} does not fit --model ${format(network)}, which has no batch normalization.`);
  if (!examples)
    throw new LeakageError("spec", `${flag} needs images of the other split, which is public, and this data has no other split.`);
  if (count % batch !== 0) throw new LeakageError("spec", `${flag}: each pass takes ${batch} images; give a multiple of ${batch}.`);
  if (count > examples.count) throw new LeakageError("spec", `${flag}: there are only ${examples.count} public images.`);
}

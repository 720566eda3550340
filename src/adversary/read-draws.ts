import type { Likelihood } from "../defenses/index.ts";
import { input, type Tensor, vmap } from "../graph/index.ts";
import { evaluate } from "../runtime/index.ts";
import { contradiction, rounding } from "./exact.ts";
import type { Observations, Outline } from "./observations.ts";
import { peelDense } from "./peel.ts";

/** The name under which the draws of a network are published to {@link atDraws}. */
const drawn = "drawn";

/**
 * The same likelihood for a client whose network drew what {@link readDraws} read off its update.
 * The forward pass has no chance left in it then.
 */
export const atDraws = (likelihood: Likelihood): Likelihood => {
  const { widened } = likelihood;
  return {
    ...likelihood,
    name: `${likelihood.name} at the draws that the update tells`,
    // The fast form is watched by comparing with the client at the center of its noise.
    cancels: false,
    ...(widened ? { widened: (factor: Tensor) => atDraws(widened(factor)) } : {}),
    given: (client) => (batch, published) => likelihood.given(client.withDraws(published![drawn]!))(batch, published),
  };
};

/** Updates with the draws behind them. */
export interface ReadDraws {
  readonly seen: Observations;
  /** Whether the draws of each lane are exact: all rows of both layers agree. */
  readonly exact: readonly boolean[];
}

/** Whether the update of one example tells what the network drew. */
export const tellsDraws = ({ rounds, batchSize }: Outline): boolean => batchSize === 1 && rounds[0]!.client.model.draws?.told !== undefined;

/** What is published of draws, before they are read. */
export const outlineOfDraws = (seen: Outline): Outline => {
  const [round] = seen.rounds;
  const shape = [seen.lanes, 1, round!.client.model.draws!.count];
  return { ...seen, rounds: [{ ...round!, published: new Map([...(round!.published ?? []), [drawn, { shape }]]) }] };
};

/**
 * Reads what the network drew off updates of one example each, in float64. The random layer lies
 * between two dense layers, and both give their input away: the gradient of either is the product
 * of a column and its input. What the network drew follows from these two inputs.
 */
export function readDraws(seen: Observations): ReadDraws {
  const { lanes } = seen;
  const [round] = seen.rounds;
  const { client, updates, published = new Map() } = round!;
  const { count, told } = client.model.draws!;
  const { before, behind, from } = told!;
  const names = [before, behind].flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]);
  const given = Object.fromEntries(names.map((name) => [name, input(name, updates.get(name)!.shape)]));
  const one = (own: Readonly<Record<string, Tensor>>) => {
    const peel = (layer: string) => {
      const [weight, bias] = [own[`${layer}.weight`]!, own[`${layer}.bias`]!];
      const x = peelDense(weight, bias);
      return { x: x.reshape([1, x.size]), contradicted: contradiction(weight, bias, x) };
    };
    const [entering, leaving] = [peel(before), peel(behind)];
    return { draws: from(entering.x, leaving.x, client.weight), contradicted: entering.contradicted.maximum(leaving.contradicted) };
  };
  const read = vmap(one)(given);
  const [draws, contradicted] = evaluate(
    [read.draws, read.contradicted],
    Object.fromEntries(names.map((name) => [name, updates.get(name)!.data])),
  );
  const found = { shape: [lanes, 1, count], data: Float32Array.from(draws!.data) };
  return {
    seen: { ...seen, rounds: [{ ...round!, published: new Map([...published, [drawn, found]]) }] },
    exact: Array.from(contradicted!.data, (share) => share <= rounding),
  };
}

import { Gradients, type Tensor, vmap } from "../graph/index.ts";
import { type CompileOptions, compileNested, inputsAt, numbersAt } from "../runtime/index.ts";
import type { Candidates } from "./attack.ts";
import type { Observations } from "./observations.ts";

/** How the gradient of a batch and an update compare in one lane, tensor by tensor. */
export interface Compared {
  /** ‖g‖² of the update, by name. */
  readonly sent: ReadonlyMap<string, number>;
  /** ‖G(x)‖² of the gradient, by name. */
  readonly made: ReadonlyMap<string, number>;
  /** ‖g − G(x)‖², by name. */
  readonly left: ReadonlyMap<string, number>;
}

/** Compares what a batch would send without a defense with what the server saw in its first round. */
export async function compare(seen: Observations, { x, y }: Candidates, options: CompileOptions): Promise<readonly Compared[]> {
  const { client, updates } = seen.rounds[0]!;
  const { shape, classes } = client.model;
  const places = {
    update: Object.fromEntries(updates),
    x: { shape: [seen.lanes, seen.batchSize, ...shape], data: x },
    y: { shape: [seen.lanes, seen.batchSize, classes], data: y },
  };
  const names = client.parameters.map(({ name }) => name);
  const one = (lane: { readonly update: Readonly<Record<string, Tensor>>; readonly x: Tensor; readonly y: Tensor }) => {
    const sent = new Gradients(new Map(names.map((name) => [name, lane.update[name]!])), true);
    const named = (values: readonly Tensor[]) => Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    const made = client.exactly().update({ x: lane.x, y: lane.y });
    return { sent: named(sent.squaredNorms()), made: named(made.squaredNorms()), left: named(made.squaredDistances(sent)) };
  };
  const program = await compileNested(vmap(one)(inputsAt(places)), options);
  try {
    const values = await program.run(numbersAt(places));
    const of = (which: "sent" | "made" | "left", lane: number) => new Map(names.map((name) => [name, values[which][name]![lane]!]));
    return Array.from({ length: seen.lanes }, (_, lane) => ({ sent: of("sent", lane), made: of("made", lane), left: of("left", lane) }));
  } finally {
    await program.dispose();
  }
}

/** The share of ‖g‖² that a batch explains, over all tensors but some: 1 − ‖g − G(x)‖² / ‖g‖². */
export function explainedWithout({ sent, left }: Compared, dropped: readonly string[]): number {
  const over = (squares: ReadonlyMap<string, number>) =>
    [...squares].reduce((sum, [name, square]) => (dropped.includes(name) ? sum : sum + square), 0);
  return 1 - over(left) / over(sent);
}

/**
 * The share of ‖g‖² over some tensors that a batch leaves unexplained at any scale: 1 − cos², by the
 * angle between g and G(x). It is 1 where one of them is 0.
 */
export function missedIn({ sent, made, left }: Compared, names: readonly string[]): number {
  const over = (squares: ReadonlyMap<string, number>) => names.reduce((sum, name) => sum + squares.get(name)!, 0);
  const [g, own] = [over(sent), over(made)];
  const inner = (g + own - over(left)) / 2;
  return g > 0 && own > 0 ? 1 - inner ** 2 / (g * own) : 1;
}

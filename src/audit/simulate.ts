import type { Observations } from "../adversary/index.ts";
import type { Client } from "../client/index.ts";
import type { Defense } from "../defenses/index.ts";
import { input, type Tensor, vmap } from "../graph/index.ts";
import { Key, type KeyBits } from "../random/index.ts";
import { type CompileOptions, compile } from "../runtime/index.ts";

/** Private batches of one client, one a lane. */
export interface PrivateBatches {
  readonly lanes: number;
  readonly batchSize: number;
  /** [lanes, batchSize, c, h, w] in model space. */
  readonly x: Float32Array;
  /** Label probabilities, [lanes, batchSize, classes]. */
  readonly y: Float32Array;
}

/** What the server receives, lane by lane. */
export interface Received {
  /** The client's gradients after its defense by parameter name, [lanes, ...shape]. */
  readonly updates: Map<string, Float32Array>;
  /** What the defense publishes beside them, by name: [lanes, ...shape], with the shape of one lane. */
  readonly open: NonNullable<Observations["open"]>;
}

/** Runs the client and its defense on every batch. Throws LeakageError where the defense does not fit the client or the batch. */
export async function simulate(
  client: Client,
  defense: Defense,
  batches: PrivateBatches,
  keys: readonly KeyBits[],
  options: CompileOptions,
): Promise<Received> {
  const { lanes, batchSize, x, y } = batches;
  const send = defense.send(client);
  const given = {
    x: input("x", [lanes, batchSize, ...client.model.shape]),
    y: input("y", [lanes, batchSize, client.model.classes]),
    key: Key.input("key", [lanes]).tensor,
  };
  const sent = vmap((own: { x: Tensor; y: Tensor; key: Tensor }) => {
    const { update, open = {} } = send(own, new Key(own.key));
    return { update: Object.fromEntries(update.tensors), open: { ...open } };
  })(given);
  const named = (prefix: string, tensors: Readonly<Record<string, Tensor>>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${prefix}.${name}`, tensor]));
  const program = await compile({ ...named("g", sent.update), ...named("open", sent.open) }, options);
  try {
    const feeds = { x, y, key: Uint32Array.from(keys.flat()) };
    const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.has(name)));
    const values = await program.run(used);
    return {
      updates: new Map(client.parameters.map(({ name }) => [name, values[`g.${name}`] as Float32Array])),
      open: new Map(
        Object.entries(sent.open).map(([name, { shape }]) => [
          name,
          { shape: shape.slice(1), data: values[`open.${name}`] as Float32Array },
        ]),
      ),
    };
  } finally {
    await program.dispose();
  }
}

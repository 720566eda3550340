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

/** What the server receives: the client's gradient in each lane, after its defense. [lanes, ...shape] by parameter name. */
export async function simulate(
  client: Client,
  defense: Defense,
  batches: PrivateBatches,
  keys: readonly KeyBits[],
  options: CompileOptions,
): Promise<Map<string, Float32Array>> {
  const { lanes, batchSize, x, y } = batches;
  const send = defense.send(client);
  const given = {
    x: input("x", [lanes, batchSize, ...client.model.shape]),
    y: input("y", [lanes, batchSize, client.model.classes]),
    key: Key.input("key", [lanes]).tensor,
  };
  const updates = vmap((own: { x: Tensor; y: Tensor; key: Tensor }) => {
    const { update } = send(own, new Key(own.key));
    return update.names.map((name) => update.entries(name));
  })(given);
  const names = client.parameters.map(({ name }) => name);
  const program = await compile(Object.fromEntries(names.map((name, i) => [name, updates[i]!])), options);
  try {
    const feeds = { x, y, key: Uint32Array.from(keys.flat()) };
    const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.has(name)));
    const sent = await program.run(used);
    return new Map(client.parameters.map(({ name }) => [name, sent[name] as Float32Array]));
  } finally {
    await program.dispose();
  }
}

import type { Holders } from "../audit/index.ts";
import type { Dataset } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { divide, type Partition, partitions } from "../federated/index.ts";
import type { PartSpec } from "../parts/index.ts";
import { keyFromSeed, stream } from "../random/index.ts";
import type { AuditSpec } from "./audit-spec.ts";
import type { Sources } from "./sources.ts";

/** How the first examples of a data set are divided among clients. */
interface Division {
  readonly partition: PartSpec;
  readonly clients: number;
  readonly examples: number;
  readonly seed: number;
}

/**
 * The positions of each client's examples.
 *
 * @param data the data set, or another one with the same labels.
 * @throws LeakageError for a client without examples, and for a file that does not fit.
 */
export async function divided(
  { partition, clients, examples, seed }: Division,
  data: Pick<Dataset<readonly number[]>, "example" | "label" | "classes">,
  sources: Sources,
): Promise<Partition> {
  const labels = Array.from({ length: examples }, (_, i) => data.label?.(i) ?? data.example(i).label);
  const key = stream(keyFromSeed(seed), "partition");
  const stated = await statedIn(partition, sources);
  return divide(partitions.build(partition), { labels, classes: data.classes.length, clients, key, ...(stated ? { stated } : {}) });
}

/** The client of each example, if a file states it. */
async function statedIn(partition: PartSpec, sources: Sources): Promise<Float32Array | undefined> {
  if (partition.kind !== "file") return undefined;
  const { tensors, source } = await sources.tensors("partition", String(partition.sha256));
  const [only, ...others] = tensors.values();
  if (only && others.length === 0 && only.shape.length === 1) return only.data;
  throw new LeakageError(
    "file",
    `${source} must have one tensor [examples], the client of each training example; it has ${[...tensors.keys()].join(", ") || "none"}.`,
  );
}

/**
 * The clients of an audit, if its spec has some.
 *
 * @throws LeakageError for more examples or clients than there are, and for batches that clients
 * cannot share evenly.
 */
export async function holdersOf(
  { clients, client, seed }: Pick<AuditSpec, "clients" | "client" | "seed">,
  data: Dataset<readonly number[]>,
  sources: Sources,
): Promise<Holders | undefined> {
  if (!clients) return undefined;
  const { count, partition, examples, together } = clients;
  if (examples > data.size) throw new LeakageError("spec", `clients.examples: ${examples} examples, and there are only ${data.size}.`);
  if (together > count) throw new LeakageError("spec", `clients.together: ${together} clients, and there are only ${count}.`);
  if (client.batch % together !== 0)
    throw new LeakageError("spec", `clients.together: a batch of ${client.batch} is not shared evenly by ${together} clients.`);
  return { partition: await divided({ partition, clients: count, examples, seed }, data, sources), together };
}

/** Whose examples are behind an update, where clients have their own. */
export const heldNotes = (holders: Holders | undefined): readonly string[] =>
  !holders || holders.partition.length === 1
    ? []
    : holders.together === 1
      ? [`Each update is of one of ${holders.partition.length} clients, drawn anew for each, with images of its own.`]
      : [
          `Behind each update are ${holders.together} of ${holders.partition.length} clients, drawn anew for each, with images of their own.`,
        ];

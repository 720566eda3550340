import type { z } from "zod";
import type { Dataset } from "../data/index.ts";
import { LeakageError } from "../errors.ts";
import { identified, nameOf, type Prepared, requireClasses } from "./prepare.ts";
import type { Sources } from "./sources.ts";
import { roundsIn, type TrainSpec, type trainSpec } from "./train-spec.ts";

/** The examples of a training, unless the user says how many. Some sets have no end. */
const most = { training: 60_000, test: 10_000 } as const;

/**
 * Completes a spec of `gradleak train`.
 *
 * @throws LeakageError for data that does not resolve or has no test split, and for lengths and
 * rounds that do not fit.
 */
export async function prepareTrain(asked: z.output<typeof trainSpec>, sources: Sources): Promise<Prepared<TrainSpec> & Split> {
  const { set } = asked.data;
  const data = await sources.dataset(set, "train");
  if (data.whole)
    throw new LeakageError(
      "spec",
      `gradleak train measures accuracy on images that it does not train on, and --data ${nameOf(set, sources)} has no two splits; put its images into subfolders train and test.`,
    );
  const testData = await sources.dataset(set, "test");
  requireClasses(data, set, sources);
  const examples = counted(asked.data.examples, data, most.training, "--examples");
  const testExamples = counted(asked.data.testExamples, testData, most.test, "--test-examples");
  const { taking = asked.clients } = asked;
  if (taking > asked.clients)
    throw new LeakageError("spec", `--clients-per-round ${taking} is more than there are clients (--clients ${asked.clients}).`);
  const rounds = lengthOf(asked, examples, taking);
  const { epochs: _, audit, checkpoints, ...rest } = asked;
  const found = { data, publicData: testData };
  const every = (count: number) => Array.from({ length: count }, (_, i) => i);
  const spec: TrainSpec = {
    ...rest,
    data: { ...asked.data, ...identified(asked.data, found, every(examples), sources), split: "train", examples, testExamples },
    taking,
    server: serverOf(asked),
    rounds,
    evaluate: asked.evaluate ?? Math.ceil(rounds / 20),
    ...(checkpoints ? { checkpoints: roundsIn(checkpoints, rounds, "--checkpoints") } : {}),
    ...(audit ? { audit: { ...audit, rounds: roundsIn(audit.rounds, rounds, "--audit") } } : {}),
  };
  return { ...found, spec, testData };
}

/** The split that accuracy is measured on. */
interface Split {
  readonly testData: Dataset<readonly number[]>;
}

function counted(asked: number | undefined, { size }: Dataset<readonly number[]>, most: number, flag: string): number {
  if (asked !== undefined && asked > size) throw new LeakageError("spec", `${flag} ${asked}: there are only ${size} images.`);
  return asked ?? Math.min(size, most);
}

/** The rounds in which the clients together take as many examples as there are. */
export function roundsPerEpoch(
  { protocol, client, clients }: Pick<z.output<typeof trainSpec>, "protocol" | "client" | "clients">,
  examples: number,
  taking: number,
): number {
  return protocol.kind === "fed-sgd" ? examples / (taking * client.batch) : clients / (taking * protocol.passes);
}

function lengthOf(asked: z.output<typeof trainSpec>, examples: number, taking: number): number {
  const { rounds, epochs } = asked;
  if ((rounds === undefined) === (epochs === undefined))
    throw new LeakageError("spec", "State how long the training is, either by --rounds or by --epochs.");
  return rounds ?? Math.ceil(epochs! * roundsPerEpoch(asked, examples, taking));
}

/** The server's optimizer with its rate, which depends on what clients send. */
function serverOf({ server, protocol }: z.output<typeof trainSpec>): TrainSpec["server"] {
  const { optimizer, momentum, nesterov } = server;
  if (optimizer === "adam" && (momentum !== undefined || nesterov))
    throw new LeakageError("spec", "--momentum and --nesterov belong to --optimizer sgd; Adam has its own.");
  if (nesterov && !momentum) throw new LeakageError("spec", "--nesterov yes needs --momentum above 0.");
  return { ...server, rate: server.rate ?? (optimizer === "adam" ? 1e-3 : protocol.kind === "fed-avg" ? 1 : 0.1) };
}

import { describe, expect, it } from "vitest";
import { crossEntropy } from "../../src/client/index.ts";
import { type Defense, defenses } from "../../src/defenses/index.ts";
import { divide, type Federation, initialTraining, openTraining, partitions, schedules } from "../../src/federated/index.ts";
import { filled, type Tensor } from "../../src/graph/index.ts";
import { initialWeights, models } from "../../src/models/index.ts";
import { sgd } from "../../src/optimizers/index.ts";
import { fillUniform, keyFromSeed } from "../../src/random/index.ts";

const root = keyFromSeed(5);
const labels = Array.from({ length: 1000 }, (_, i) => i % 10);
const divided = { labels, classes: 10, clients: 4, key: root };

describe("A partition", () => {
  it.each(["even", "dirichlet:alpha=0.1", "dirichlet:alpha=0.5", "dirichlet:alpha=100"])("%s gives every example to one client", (name) => {
    const parts = divide(partitions.build(name), divided);
    expect(parts.length).toBe(4);
    expect(parts.flat().toSorted((a, b) => a - b)).toEqual(labels.map((_, i) => i));
  });

  it("by a Dirichlet law has shares with that law's mean and variance", () => {
    for (const alpha of [0.2, 1, 5]) {
      const shares = Array.from({ length: 60 }, (_, seed) => {
        const parts = partitions.build({ kind: "dirichlet", alpha })({ ...divided, key: keyFromSeed(seed) });
        return Array.from({ length: 10 }, (_, label) => parts[0]!.filter((position) => labels[position] === label).length / 100);
      }).flat();
      const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
      const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
      const expected = ((1 / 4) * (3 / 4)) / (4 * alpha + 1);
      expect(Math.abs(mean - 0.25)).toBeLessThan(4 * Math.sqrt(expected / shares.length));
      expect(variance / expected).toBeGreaterThan(0.75);
      expect(variance / expected).toBeLessThan(1.3);
    }
  });

  it("that leaves a client without examples is refused", () => {
    const few = { ...divided, labels: [0, 1, 2], clients: 5 };
    expect(() => divide(partitions.build("even"), few)).toThrow(/leaves client 0 of 5 .* without any/);
  });

  it("by a file needs the client of every example, and a client that exists", () => {
    const dividing = partitions.build({ kind: "file", sha256: "0".repeat(64) });
    const stated = labels.map((label) => label % 4);
    expect(divide(dividing, { ...divided, stated }).map(({ length }) => length)).toEqual([300, 300, 200, 200]);
    expect(() => divide(dividing, { ...divided, stated: [0, 1] })).toThrow(/there are 1000 examples, and the file names 2/);
    expect(() => divide(dividing, { ...divided, stated: labels })).toThrow(/gives example 4 to client 4, and clients are 0 … 3/);
  });
});

describe("A schedule", () => {
  const ratesOf = (name: string, rounds: number, roundsPerEpoch: number) => {
    const rate = schedules.build(name)(0.1, { rounds, roundsPerEpoch });
    return Array.from({ length: rounds }, (_, round) => rate(round));
  };

  it("by whole epochs is a thousandth of its rate in a training of one epoch, as in the released code", () => {
    for (const rate of ratesOf("steps:at=epochs", 10, 1563)) expect(rate).toBeCloseTo(1e-4, 12);
    expect(ratesOf("steps", 80, 10)[0]).toBe(0.1);
  });

  it("by whole epochs has PyTorch's milestones in a longer one", () => {
    const rates = ratesOf("steps:at=epochs", 120, 1);
    expect(rates.map((rate, epoch) => (epoch > 0 && rate < rates[epoch - 1]! ? epoch : -1)).filter((epoch) => epoch >= 0)).toEqual([
      44, 74, 105,
    ]);
  });

  it("along a cosine ends near 0", () => {
    const rates = ratesOf("cosine", 100, 10);
    expect(rates[0]).toBe(0.1);
    expect(rates.at(-1)).toBeLessThan(1e-4);
  });
});

const model = models.build("mlp:sizes=8", { shape: [1, 4, 4], classes: 3, normalization: { mean: [0.5], std: [0.5] } });
const weights = initialWeights(model, root);
const images = new Float32Array(48 * 16);
fillUniform(root, images);

/** A small federation of 3 clients with 16 examples each. */
const federation = (change: Partial<Federation> = {}): Federation => ({
  model,
  mode: "train",
  loss: crossEntropy,
  protocol: { kind: "fed-sgd" },
  defense: { steps: [] },
  optimizer: sgd({ momentum: 0.9 }),
  rate: () => 0.5,
  statistics: { rule: "average", momentum: 0.1 },
  examples: { count: 48, image: (i) => images.slice(i * 16, (i + 1) * 16), label: (i) => i % 3 },
  partition: [0, 1, 2].map((client) => Array.from({ length: 16 }, (_, i) => client * 16 + i)),
  taking: 3,
  batch: 4,
  root,
  machine: { threads: 1 },
  ...change,
});

async function trained(change: Partial<Federation>, rounds: number) {
  const own = federation(change);
  const training = await openTraining(own);
  let state = initialTraining(own, weights);
  const losses: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const outcome = await training.round(state);
    losses.push(...outcome.losses);
    state = outcome.state;
  }
  await training.dispose();
  return { state, losses };
}

const distance = (a: Float32Array, b: Float32Array): number => Math.hypot(...a.map((entry, i) => entry - b[i]!));

describe("A round", () => {
  it("is pure: the same state gives the same outcome, and is not changed", async () => {
    const own = federation({ taking: 2 });
    const training = await openTraining(own);
    const first = initialTraining(own, weights);
    const before = structuredClone(first);
    const once = await training.round(first);
    expect(await training.round(first)).toEqual(once);
    expect(first).toEqual(before);
    expect(once.state.clients.filter(({ taken }) => taken === 4).length).toBe(2);
    await training.dispose();
  });

  it("is the same if it is taken together with others", async () => {
    const own = federation({ taking: 2 });
    const training = await openTraining(own);
    const first = initialTraining(own, weights);
    const all = await training.rounds(first, 20);
    expect(all.state.round).toBe(16);
    expect((await training.rounds(first, 15)).state.round).toBe(1);
    expect((await training.rounds({ ...first, round: 1 }, 20)).state.round).toBe(2);
    const { state, losses } = await trained({ taking: 2 }, 16);
    all.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(losses[i]!, 5);
    });
    expect(all.state.clients).toEqual(state.clients);
    for (const [name, data] of Object.entries(state.weights)) expect(distance(data, all.state.weights[name]!)).toBeLessThan(1e-4);
    await training.dispose();
  });

  it("is the same by the gradient of the mean loss and by the mean of what clients send", async () => {
    const nothing: Defense = { steps: [{ name: "nothing", onUpdate: (update) => ({ update }), law: (before) => before }] };
    const [plain, sent] = [await trained({}, 5), await trained({ defense: nothing }, 5)];
    expect(plain.losses.at(-1)).toBeLessThan(plain.losses[0]!);
    for (const [name, data] of Object.entries(plain.state.weights)) expect(distance(data, sent.state.weights[name]!)).toBeLessThan(1e-5);
  });

  it("of FedAvg with one step, whose move is the rate times the gradient, is one of FedSGD", async () => {
    const partition = [0, 1, 2].map((client) => Array.from({ length: 4 }, (_, i) => client * 16 + i));
    const gradient = await trained({ partition, optimizer: sgd() }, 4);
    const average = await trained({ partition, optimizer: sgd(), rate: () => 1, protocol: { kind: "fed-avg", passes: 1, rate: 0.5 } }, 4);
    average.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(gradient.losses[i]!, 5);
    });
    for (const [name, data] of Object.entries(gradient.state.weights))
      expect(distance(data, average.state.weights[name]!)).toBeLessThan(1e-5);
  });

  it("of FedAvg weighs clients by their examples, and each takes its own number of steps", async () => {
    const partition = [[0], Array.from({ length: 16 }, (_, i) => 16 + i)];
    const { state } = await trained({ partition, taking: 2, batch: 1, protocol: { kind: "fed-avg", passes: 2, rate: 0.1 } }, 1);
    expect(state.clients.map(({ taken }) => taken)).toEqual([2, 32]);
  });

  it("carries a defense's state from round to round, each client its own", async () => {
    const counts: Defense = {
      steps: [
        {
          name: "counts",
          initialState: () => ({ rounds: filled(0, []) }),
          onUpdate: (update, { state }) => ({ update, state: { rounds: (state!.rounds as Tensor).add(1) } }),
          law: (before) => before,
        },
      ],
    };
    const { state } = await trained({ defense: counts, taking: 2 }, 6);
    const rounds = state.clients.map(({ defense }) => defense[0]!.rounds![0]!);
    expect(rounds.reduce((a, b) => a + b, 0)).toBe(12);
    expect(rounds).toEqual(state.clients.map(({ taken }) => taken / 4));
  });

  it("adds other noise for each client and round", async () => {
    const noisy = { defense: defenses.build("gaussian:sigma=0.1"), optimizer: sgd(), rate: () => 1 };
    const own = federation(noisy);
    const training = await openTraining(own);
    const first = initialTraining(own, weights);
    const [one, other] = [await training.round(first), await training.round({ ...first, round: 1 })];
    const bare = await trained({ optimizer: sgd(), rate: () => 1 }, 1);
    const name = "0.weight";
    const noise = Float32Array.from(one.state.weights[name]!, (entry, i) => entry - bare.state.weights[name]![i]!);
    const rms = Math.hypot(...noise) / Math.sqrt(noise.length);
    // The mean of three clients' noise.
    expect(rms).toBeGreaterThan(0.8 * (0.1 / Math.sqrt(3)));
    expect(rms).toBeLessThan(1.2 * (0.1 / Math.sqrt(3)));
    expect(distance(one.state.weights[name]!, other.state.weights[name]!)).toBeGreaterThan(0.1);
    await training.dispose();
  });

  it("of FedAvg refuses a defense on single examples", async () => {
    const refused = trained({ defense: defenses.build("dp-sgd"), protocol: { kind: "fed-avg", passes: 1, rate: 0.1 } }, 1);
    await expect(refused).rejects.toThrow(/acts on single examples or batches.*--protocol fed-sgd/);
  });
});

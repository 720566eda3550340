import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { LeakageError } from "../../src/errors.ts";
import { trainReport } from "../../src/report/index.ts";
import { memoryStore, plan, type Sources, type Store, type TrainResult, tensorsIn } from "../../src/runs/index.ts";
import { finish } from "../../src/scenario/index.ts";
import { drawnSources } from "../drawn-sources.ts";
import { gradleak } from "./command.ts";
import { interrupted } from "./interrupted.ts";

const home = mkdtempSync(join(tmpdir(), "gradleak-train-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A machine whose clock moves when a round is finished, so that all rounds are kept. */
let seconds = 0;
const surroundings = { machine: { threads: 1, clock: () => seconds }, versions: {} };

const vectors = {
  command: "train",
  data: { set: "gaussian:dimension=4,classes=3", examples: 60, testExamples: 40 },
  client: { model: "mlp:sizes=6,activation=tanh", batch: 4 },
  clients: 3,
  rounds: 8,
  server: { momentum: 0.9 },
  evaluate: 3,
};
const audit = { rounds: [0, 5], attacks: ["exact"], samples: 4, score: { delta: 0.5 } };

const planned = (asked: object, sources: Sources = drawnSources) => plan({ ...vectors, ...asked }, sources, surroundings);
async function trained(asked: object, store = memoryStore(), sources = drawnSources) {
  const { run } = await planned(asked, sources);
  const running = run(store);
  for (;;) {
    const next = await running.next();
    if (next.done) return next.value as TrainResult;
    if (next.value.kind === "training") seconds += 2;
  }
}

/** A store that remembers its writes in order, and what of them a machine had that died early. */
function recorded(): { readonly store: Store; readonly after: (writes: number) => Store; readonly count: () => number } {
  const writes: [string, string | Uint8Array][] = [];
  const inner = memoryStore();
  const store: Store = {
    read: inner.read,
    write: async (name, content) => {
      // Arrays are those of the training, which goes on.
      writes.push([name, typeof content === "string" ? content : content.slice()]);
      await inner.write(name, content);
    },
  };
  const after = (count: number): Store => {
    const kept = memoryStore();
    for (const [name, content] of writes.slice(0, count)) void kept.write(name, content);
    return kept;
  };
  return { store, after, count: () => writes.length };
}

const timeless = (result: TrainResult) => JSON.parse(JSON.stringify(result).replace(/"seconds":(\{[^}]*\}|[\d.e-]+)/g, '"seconds":0'));

describe("A training", () => {
  it("goes on after any of its writes, and ends with the same weights and the same result", async () => {
    const asked = { audit, checkpoints: [2], defense: "gaussian:sigma=0.01", taking: 2 };
    const { store, after, count } = recorded();
    const whole = await trained(asked, store);
    const last = await store.read("checkpoints/round-8.safetensors");
    expect(count()).toBeGreaterThan(10);
    for (let writes = 0; writes < count(); writes += 2) {
      const own = after(writes);
      expect(timeless(await trained(asked, own)), `after ${writes} writes`).toEqual(timeless(whole));
      expect(await own.read("checkpoints/round-8.safetensors")).toEqual(last);
    }
  });

  it("starts again where its state is damaged or a checkpoint is gone", async () => {
    const store = memoryStore();
    const whole = await trained({}, store);
    const state = (await store.read("state.safetensors"))!;
    for (const damaged of [state.slice(0, state.length / 2), new Uint8Array(9)]) {
      await store.write("state.safetensors", damaged);
      expect(await trained({}, store)).toEqual(whole);
    }
  });

  it("says loss and accuracy of its rounds, and the accuracy with its interval", async () => {
    const { rounds, accuracy, clients, checkpoints, testExamples } = await trained({});
    expect(rounds.map(({ round }) => round)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(rounds.filter(({ loss }) => loss === null).length).toBe(1);
    expect(rounds.filter(({ accuracy }) => accuracy !== null).map(({ round }) => round)).toEqual([0, 3, 6, 8]);
    expect(accuracy.estimate).toBe(rounds.at(-1)!.accuracy);
    expect(accuracy.lower).toBeLessThan(accuracy.estimate);
    expect(testExamples).toBe(40);
    expect(clients.map(({ examples }) => examples)).toEqual([20, 20, 20]);
    expect(checkpoints.map(({ round }) => round)).toEqual([8]);
  });

  it("has audits that gradleak audit makes of its checkpoints", async () => {
    const store = memoryStore();
    const { audits } = await trained({ audit }, store);
    expect(audits.map(({ round }) => round)).toEqual([0, 5]);
    const [, { result }] = audits as [unknown, (typeof audits)[number]];
    const bytes = (await store.read("checkpoints/round-5.safetensors"))!;
    const file = { ...tensorsIn(bytes, "round-5.safetensors"), source: "round-5.safetensors" };
    const { run, specHash } = await plan(result.spec, { ...drawnSources, tensors: async () => file }, surroundings);
    expect(specHash).toBe(result.specHash);
    const again = (await finish(run(memoryStore()))) as typeof result;
    expect(again.cells.map(({ recovered }) => recovered)).toEqual(result.cells.map(({ recovered }) => recovered));
    expect(again.data).toEqual(result.data);
    expect(result.cells[0]!.recovered.estimate).toBe(1);
  });

  it("audits the updates of one client each, and names it", async () => {
    const skewed = { partition: "dirichlet:alpha=0.1", seed: 3 };
    const { clients, audits } = await trained({
      ...skewed,
      audit: { ...audit, attacks: ["bayes:steps=1"], rounds: [0], samples: 8, batch: 2 },
    });
    const { data, notes } = audits[0]!.result;
    expect(new Set(data.map(({ clients }) => clients!.length))).toEqual(new Set([1]));
    expect(new Set(data.flatMap(({ clients }) => clients)).size).toBeGreaterThan(1);
    // A client sends labels that it has.
    for (const { clients: own, labels } of data) for (const label of labels) expect(clients[own![0]!]!.labels[label]).toBeGreaterThan(0);
    for (const { images } of data) for (const place of images) expect(place).toBeLessThan(60);
    expect(notes.join(" ")).toMatch(/Each update is of one of 3 clients/);
  });

  it("audits the one local step of a client of FedAvg", async () => {
    const own = { audit: { ...audit, rounds: [0] }, protocol: { kind: "fed-avg", passes: 1, rate: 0.2 } };
    const { audits, notes } = await trained(own);
    expect(audits[0]!.result.cells[0]!.recovered.estimate).toBe(1);
    expect(notes.join(" ")).toMatch(/minus 0\.2 times a gradient/);
    await expect(planned({ ...own, audit: { ...audit, batch: 5 } })).rejects.toThrow(/takes 2 local steps over a batch of 5/);
    await expect(planned({ ...own, audit: { ...audit, of: "aggregate" } })).rejects.toThrow(/weighs clients by their examples/);
    await expect(planned({ ...own, defense: "gaussian:sigma=0.1" })).rejects.toThrow(/acts on how far the weights moved/);
  });

  it("audits the mean of what its clients send as one large batch", async () => {
    const own = { ...audit, attacks: ["bayes:steps=2"], of: "aggregate", samples: 2 };
    const { audits } = await trained({ audit: own });
    expect(audits[0]!.result.assumptions.batchSize).toBe(12);
    expect(audits[0]!.result.data[0]!.clients).toEqual([0, 1, 2]);
    await expect(planned({ audit: own, defense: "clip" })).rejects.toThrow(/--audit-of aggregate attacks the mean of bare gradients/);
  });

  it("is stopped by a gate, and keeps its weights", async () => {
    const store = memoryStore();
    const own = { ...audit, rounds: [5], failIf: "recovered.estimate > 0.05" };
    const { blocked, rounds, checkpoints } = await trained({ audit: own }, store);
    expect(blocked).toEqual({ round: 5, gate: "recovered.estimate > 0.05", value: 1 });
    expect(rounds.at(-1)!.round).toBe(5);
    expect(rounds.at(-1)!.accuracy).not.toBeNull();
    expect(checkpoints.map(({ round }) => round)).toEqual([5]);
    expect(await store.read("checkpoints/round-5.safetensors")).toBeDefined();
  });

  it("goes on where a gate makes no statement, and says so", async () => {
    const own = { ...audit, attacks: ["bayes:steps=1"], failIf: "recovered.estimate > 0.5", rounds: [2] };
    const { blocked, rounds, audits, notes } = await trained({ audit: own });
    expect(audits[0]!.result.gate!.refused.length).toBeGreaterThan(0);
    expect(blocked).toBeNull();
    expect(rounds.at(-1)!.round).toBe(8);
    expect(notes.join(" ")).toMatch(/The audit after round 2 makes no statement, so it blocked nothing/);
  });

  it("that diverges stops, says where, and keeps the last good weights", async () => {
    const store = memoryStore();
    const asked = { client: { model: "mlp:sizes=6", batch: 4, loss: "squared-error" }, server: { rate: 1e6 }, rounds: 200 };
    const failure: unknown = await trained(asked, store).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LeakageError);
    const { code, message } = failure as LeakageError;
    expect(code).toBe("diverged");
    const [, round] = /the weights after round (\d+) are kept/i.exec(message)!;
    const bytes = (await store.read(`checkpoints/round-${round}.safetensors`))!;
    expect(tensorsIn(bytes, "good").tensors.size).toBe(4);
  });

  it("has a report with its curves and its audits", async () => {
    const result = await trained({ audit });
    const text = trainReport({ result, reproduce: "gradleak run result.json" });
    expect(text.match(/<svg/g)!.length).toBe(3);
    for (const words of ["Loss of the clients", "Recovered, with accuracy", "checkpoints/round-5.safetensors", "100 %"])
      expect(text).toContain(words);
  });

  it("trains what a defense adds to the network, keeps it, and audits it", async () => {
    const store = memoryStore();
    const defense = "precode:size=3";
    const own = { ...audit, attacks: ["on-precode"], rounds: [0, 5], samples: 4 };
    const { audits } = await trained({ defense, audit: own }, store);
    const kept = async (round: number) => {
      const file = `round-${round}.safetensors`;
      return { ...tensorsIn((await store.read(`checkpoints/${file}`))!, file), source: file };
    };
    const [first, last] = [await kept(0), await kept(5)];
    expect([...last.tensors.keys()]).toContain("precode.decoder.weight");
    expect(last.tensors.get("precode.encoder.weight")!.data).not.toEqual(first.tensors.get("precode.encoder.weight")!.data);
    const { result } = audits.at(-1)!;
    expect(result.notes.join(" ")).toMatch(
      /round-5.safetensors has the weights of what the defense adds to the network: precode.encoder.weight/,
    );
    // Whoever has the file has the same clients.
    const again = await plan(result.spec, { ...drawnSources, tensors: async () => last }, surroundings);
    expect(((await finish(again.run(memoryStore()))) as typeof result).data).toEqual(result.data);
    const other = { ...result.spec, defenses: ["precode:size=4"] };
    await expect(plan(other, { ...drawnSources, tensors: async () => last }, surroundings)).rejects.toThrow(
      /precode.encoder.weight must have shape/,
    );
  });

  it("has the divergence of a bottleneck in its loss, in the form that is asked for", async () => {
    const lossOf = async (asked: object) => (await trained({ ...asked, rounds: 1, evaluate: 1 })).rounds[1]!.loss!;
    const inModel = (divergence: string) => lossOf({ client: { model: `precode-mlp:size=3,divergence=${divergence}`, batch: 4 } });
    expect(await inModel("right")).not.toBe(await inModel("code"));
    const behind = (divergence: string) => lossOf({ defense: `precode:size=3,form=attacked,divergence=${divergence}` });
    expect(await behind("right")).not.toBe(await behind("code"));
  });

  it("behind a defense sends what the defense makes of it", async () => {
    const [bare, clipped] = [await trained({}), await trained({ defense: "clip:norm=0.01" })];
    expect(clipped.rounds.at(-1)!.loss).not.toBe(bare.rounds.at(-1)!.loss);
  });
});

describe("gradleak train refuses", () => {
  const wrong: readonly (readonly [string, object, RegExp])[] = [
    [
      "a partition that leaves a client empty",
      { clients: 59, partition: "dirichlet:alpha=0.05" },
      /leaves client \d+ of 59 .* without any/,
    ],
    ["no length", { rounds: undefined }, /either by --rounds or by --epochs/],
    ["two lengths", { epochs: 2 }, /either by --rounds or by --epochs/],
    ["more clients a round than there are", { taking: 4 }, /--clients-per-round 4 is more than there are clients \(--clients 3\)/],
    ["more examples than there are", { data: { set: "shapes", examples: 1e6 } }, /--examples 1000000: there are only 50000/],
    ["an audit after the end", { audit: { ...audit, rounds: [9] } }, /--audit names round 9, and the training ends after 8/],
    ["an audit without rounds", { audit: { samples: 2 } }, /audit\.rounds: expected rounds, as --audit 0\/10\/100/],
    ["Nesterov without momentum", { server: { nesterov: true } }, /--nesterov yes needs --momentum/],
    ["Adam with momentum", { server: { optimizer: "adam", momentum: 0.5 } }, /belong to --optimizer sgd/],
    ["audits of FedAvg", { audit, protocol: { kind: "fed-avg", passes: 2 } }, /takes 2 local steps .* give --local-passes 1/],
    ["a gate that cannot pass", { audit: { ...audit, failIf: "recovered > 0.05" } }, /72/],
  ];
  it.each(wrong)("%s", async (_, asked, sentence) => {
    const failure: unknown = await planned(asked).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LeakageError);
    expect((failure as LeakageError).message).toMatch(sentence);
  });

  it("a checkpoint from another network, and a partition of other examples", async () => {
    const store = memoryStore();
    await trained({}, store);
    const bytes = (await store.read("checkpoints/round-8.safetensors"))!;
    const file = { ...tensorsIn(bytes, "round-8.safetensors"), source: "round-8.safetensors" };
    const sources = { ...drawnSources, tensors: async () => file };
    const weights = { kind: "file", sha256: file.sha256 };
    await expect(planned({ client: { model: "mlp:sizes=7", weights } }, sources)).rejects.toThrow(/round-8\.safetensors/);
    await planned({ client: { ...vectors.client, weights } }, sources);
    await expect(planned({ partition: { kind: "file", sha256: file.sha256 } }, sources)).rejects.toThrow(
      /must have one tensor \[examples\]/,
    );
  });
});

describe("The command", () => {
  const words =
    "train --data gaussian:dimension=4,classes=3 --examples 60 --test-examples 40 --model mlp:sizes=6 --batch 4 --threads 1".split(" ");

  it("goes on after kill -9, and ends with the same bytes", { timeout: 300_000 }, async () => {
    const long = [...words, "--rounds", "30000", "--momentum", "0.9", "--rate", "0.01", "--evaluate-every", "15000"];
    const [whole, broken] = [join(home, "whole"), join(home, "broken")];
    await interrupted(long, broken, "state.safetensors", "SIGKILL");
    expect(existsSync(join(broken, "result.json"))).toBe(false);
    expect((await gradleak(...long, "--out", broken)).code).toBe(0);
    expect((await gradleak(...long, "--out", whole)).code).toBe(0);
    for (const file of ["result.json", "report.html", "checkpoints/round-30000.safetensors"])
      expect(readFileSync(join(broken, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
    const other = await gradleak(...words, "--rounds", "9", "--out", whole);
    expect(other.code).toBe(2);
    expect(other.told).toMatch(/has the result of another spec/);
  });

  it("ends with exit code 3 where the training diverged, and 1 where a gate stopped it", { timeout: 60_000 }, async () => {
    const diverged = await gradleak(
      ...words,
      "--rounds",
      "500",
      "--rate",
      "1e20",
      "--loss",
      "squared-error",
      "--out",
      join(home, "diverged"),
    );
    expect(diverged.told).toMatch(/The training diverged: .* are kept in checkpoints\/round-\d+\.safetensors/);
    expect(diverged.code).toBe(3);
    expect(existsSync(join(home, "diverged/result.json"))).toBe(false);
    const gate = [
      "--audit",
      "0",
      "--attack",
      "exact",
      "--audit-samples",
      "2",
      "--delta",
      "0.5",
      "--block-above",
      "recovered.estimate > 0.05",
    ];
    const blocked = await gradleak(...words, "--rounds", "5", ...gate, "--out", join(home, "blocked"));
    expect(blocked.code).toBe(1);
    expect(existsSync(join(home, "blocked/checkpoints/round-0.safetensors"))).toBe(true);
  });
});

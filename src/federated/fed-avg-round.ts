import type { Client } from "../client/index.ts";
import { type DefenseState, send } from "../defenses/index.ts";
import { LeakageError } from "../errors.ts";
import { filled, Gradients, grad, type Tensor, vmap } from "../graph/index.ts";
import { perChannel } from "../models/index.ts";
import { Key } from "../random/index.ts";
import { compileNested, inputsAt } from "../runtime/index.ts";
import { clientAt, type Federation } from "./federation.ts";
import { passed, remembering } from "./forward.ts";
import { batchPlaces, lanePlaces, sendingPlaces, serverPlaces } from "./places.ts";
import { type Named, serverStep } from "./server.ts";

/**
 * The program of one local step of FedAvg. Every lane is a client with weights of its own. A client
 * whose `active` is 0 has taken all its steps and stays where it is.
 */
export function localStep(federation: Federation, lanes: number) {
  const { model, mode, loss, statistics, machine } = federation;
  const { rate, ...own } = inputsAt({
    ...lanePlaces(federation, lanes),
    ...batchPlaces(federation, lanes),
    key: { shape: [lanes, 2], dtype: "key" as const },
    active: { shape: [lanes] },
    rate: { shape: [] },
  });
  const { mean, std } = perChannel(model);
  const moved = vmap((one: typeof own) => {
    const { theta, running, x, y, key, active } = one;
    const weight = (name: string): Tensor => theta[name] ?? running[name]!;
    const { sender } = clientAt(federation, weight);
    const batch = { x: x.sub(mean).div(std), y };
    const seen = passed({ model: sender.model, mode, loss }, weight, batch, new Key(key));
    const names = Object.keys(theta);
    const gradients = grad(seen.loss, names.map(weight));
    const learned = remembering(running, seen.statistics, statistics.momentum);
    const share = rate.mul(active);
    return {
      theta: Object.fromEntries(names.map((name, i) => [name, theta[name]!.sub(gradients[i]!.mul(share))])),
      running: Object.fromEntries(
        Object.entries(running).map(([name, before]) => [name, before.add(learned[name]!.sub(before).mul(active))]),
      ),
      loss: seen.loss.mul(active),
    };
  })(own);
  return compileNested(moved, machine);
}

/**
 * The program that ends a round of FedAvg: a defense acts on what each client sends, and the server
 * takes a step along the mean, in which clients weigh as much as their `share`.
 */
export function closeRound(federation: Federation, lanes: number) {
  const { defense, optimizer, statistics, machine } = federation;
  const {
    after,
    share,
    key,
    defense: before,
    ...server
  } = inputsAt({
    ...serverPlaces(federation),
    ...sendingPlaces(federation, lanes),
    after: lanePlaces(federation, lanes),
    share: { shape: [lanes] },
    rate: { shape: [] },
  });
  const { theta, running, remembered, rate } = server;
  const { client } = clientAt(federation, (name) => theta[name] ?? running[name]!);
  const sent = vmap((one: { theta: Named<Tensor>; share: Tensor; key: Tensor; defense: Named<Named<Tensor>> }) => {
    const moved = Object.entries(one.theta).map(([name, own]) => [name, theta[name]!.sub(own)] as const);
    const state: DefenseState = defense.steps.map((_, place) => one.defense[place] ?? {});
    const { update, state: next } = sending(federation, client, new Gradients(new Map(moved)))(new Key(one.key), state);
    return {
      update: Object.fromEntries([...update.tensors].map(([name, entries]) => [name, entries.mul(one.share)])),
      defense: Object.fromEntries(next.map((kept, place) => [place, { ...kept }])),
    };
  })({ theta: after.theta, share, key, defense: before });
  const total = (each: Tensor) => each.sum([0]);
  const averages = vmap((one: { running: Named<Tensor>; share: Tensor }) =>
    Object.fromEntries(Object.entries(one.running).map(([name, own]) => [name, own.mul(one.share)])),
  )({ running: after.running, share });
  return compileNested(
    {
      ...serverStep(optimizer, {
        theta,
        update: Object.fromEntries(Object.entries(sent.update).map(([name, each]) => [name, total(each)])),
        remembered,
        rate,
      }),
      running: statistics.rule === "keep" ? {} : Object.fromEntries(Object.entries(averages).map(([name, each]) => [name, total(each)])),
      defense: sent.defense,
    },
    machine,
  );
}

/** What a client sends whose update was computed before, over several batches. */
function sending({ defense, model, batch }: Federation, client: Client, update: Gradients) {
  const refused = (step: string) =>
    new LeakageError(
      "spec",
      `The defense ${step} acts on single examples or batches, and a client of FedAvg sends the sum of many steps; train with --protocol fed-sgd.`,
    );
  const batchBehind = { x: filled(0, [batch, ...model.shape]), y: filled(0, [batch, model.classes]) };
  const finished = (of: Client): Client => ({
    ...of,
    update: (asked) => {
      if (asked.x === batchBehind.x) return update;
      throw refused(defense.steps.map(({ name }) => name).join(", "));
    },
    exactly: () => finished(of),
  });
  return (key: Key, state: DefenseState) => send(defense, finished(client))(batchBehind, key, state);
}

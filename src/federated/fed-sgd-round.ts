import { type DefenseState, send } from "../defenses/index.ts";
import { grad, stack, type Tensor, vmap } from "../graph/index.ts";
import { perChannel } from "../models/index.ts";
import { Key } from "../random/index.ts";
import { compileNested, inputsAt } from "../runtime/index.ts";
import { clientAt, type Federation } from "./federation.ts";
import { passed, remembering } from "./forward.ts";
import { batchPlaces, sendingPlaces, serverPlaces } from "./places.ts";
import { meanOverLanes, type Named, type Remembered, serverStep } from "./server.ts";

/** What the server keeps from round to round, as tensors. */
interface Kept {
  readonly theta: Named<Tensor>;
  readonly running: Named<Tensor>;
  readonly remembered: Remembered<Tensor>;
}

/** What a round takes in addition: batches and keys with a lane for each client, and the rate. */
interface Given {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly key: Tensor;
  readonly rate: Tensor;
  readonly defense: Remembered<Tensor>;
}

/**
 * A round of FedSGD: clients compute, a defense acts on what each of them sends, and the server
 * takes a step.
 */
function fedSgdRound(federation: Federation, { theta, running, remembered }: Kept, { x, y, key, rate, defense: before }: Given) {
  const { model, mode, loss, defense, optimizer, statistics } = federation;
  const weight = (name: string): Tensor => theta[name] ?? running[name]!;
  const { client, sender } = clientAt(federation, weight);
  const { mean, std } = perChannel(model);
  const own = { x: x.sub(mean).div(std), y, key };
  const forward = (batch: { x: Tensor; y: Tensor }, key: Tensor) =>
    passed({ model: sender.model, mode, loss }, weight, batch, new Key(key).stream("forward"));

  const undefended = () => {
    const seen = vmap((one: typeof own) => ({ ...forward(one, one.key) }))(own);
    // The mean of the gradients is the gradient of the mean, so no client's own is built.
    const names = sender.parameters.map(({ name }) => name);
    const gradients = grad(seen.loss.mean(), names.map(weight));
    return { ...seen, update: Object.fromEntries(names.map((name, i) => [name, gradients[i]!])), defense: {} };
  };
  const defended = () => {
    const sends = send(defense, client);
    const seen = vmap((one: typeof own & { defense: Named<Named<Tensor>> }) => {
      const state: DefenseState = defense.steps.map((_, place) => one.defense[place] ?? {});
      const sent = sends(one, new Key(one.key), state);
      return {
        ...forward(one, one.key),
        update: Object.fromEntries(sent.update.tensors),
        defense: Object.fromEntries(sent.state.map((kept, place) => [place, { ...kept }])),
      };
    })({ ...own, defense: before });
    return { ...seen, update: meanOverLanes(seen.update) };
  };

  const clients = defense.steps.length === 0 ? undefended() : defended();
  return {
    ...serverStep(optimizer, { theta, update: clients.update, remembered, rate }),
    running: statistics.rule === "keep" ? running : remembering(running, meanOverLanes(clients.statistics), statistics.momentum),
    loss: clients.loss.mean(),
    defense: clients.defense,
  };
}

/**
 * The program of some rounds of FedSGD, one after the other. Weights, the optimizer's state, the
 * batches of all rounds and the defense's state are inputs, and clients are lanes. Weights leave
 * the program once, which takes as long as a fair part of a round.
 *
 * @param rounds the number of rounds, [rounds, clients, …] in batches, keys and rates. A defense
 * that remembers something takes one round a program.
 */
export function fedSgdRounds(federation: Federation, lanes: number, rounds: number) {
  const sending = sendingPlaces(federation, lanes);
  const all = <Place extends { readonly shape: readonly number[] }>(place: Place) => ({ ...place, shape: [rounds, ...place.shape] });
  const { x, y } = batchPlaces(federation, lanes);
  const { theta, running, remembered, defense, ...batches } = inputsAt({
    ...serverPlaces(federation),
    defense: sending.defense,
    x: all(x),
    y: all(y),
    key: all(sending.key),
    rate: { shape: [rounds] },
  });
  const at = (tensor: Tensor, round: number) => tensor.range(0, round, round + 1).reshape(tensor.shape.slice(1));
  let kept: Kept = { theta, running, remembered };
  let after: Remembered<Tensor> = defense;
  const losses: Tensor[] = [];
  for (let round = 0; round < rounds; round++) {
    const {
      loss,
      defense: next,
      ...moved
    } = fedSgdRound(federation, kept, {
      x: at(batches.x, round),
      y: at(batches.y, round),
      key: at(batches.key, round),
      rate: at(batches.rate, round),
      defense: after,
    });
    [kept, after] = [moved, next];
    losses.push(loss);
  }
  return compileNested({ ...kept, loss: stack(losses), defense: after }, federation.machine);
}

import { type DefenseState, send } from "../defenses/index.ts";
import { grad, type Tensor, vmap } from "../graph/index.ts";
import { perChannel } from "../models/index.ts";
import { Key } from "../random/index.ts";
import { compileNested, inputsAt } from "../runtime/index.ts";
import { clientAt, type Federation } from "./federation.ts";
import { passed, remembering } from "./forward.ts";
import { batchPlaces, sendingPlaces, serverPlaces } from "./places.ts";
import { meanOverLanes, type Named, serverStep } from "./server.ts";

/**
 * The program of a round of FedSGD: clients compute, a defense acts on what each of them sends, and
 * the server takes a step. Weights, the optimizer's state, batches and the defense's state are
 * inputs, and clients are lanes.
 */
export function fedSgdRound(federation: Federation, lanes: number) {
  const { model, mode, loss, defense, optimizer, statistics, machine } = federation;
  const places = {
    ...serverPlaces(federation),
    ...batchPlaces(federation, lanes),
    ...sendingPlaces(federation, lanes),
    rate: { shape: [] },
  };
  const { theta, running, remembered, rate, x, y, key, defense: before } = inputsAt(places);
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
        ...forward(sent.batch, one.key),
        update: Object.fromEntries(sent.update.tensors),
        defense: Object.fromEntries(sent.state.map((kept, place) => [place, { ...kept }])),
      };
    })({ ...own, defense: before });
    return { ...seen, update: meanOverLanes(seen.update) };
  };

  const clients = defense.steps.length === 0 ? undefended() : defended();
  return compileNested(
    {
      ...serverStep(optimizer, { theta, update: clients.update, remembered, rate }),
      running: statistics.rule === "keep" ? {} : remembering(running, meanOverLanes(clients.statistics), statistics.momentum),
      loss: clients.loss.mean(),
      defense: clients.defense,
    },
    machine,
  );
}

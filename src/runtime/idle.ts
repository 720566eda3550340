import { fingerprint, type Tensor } from "../graph/index.ts";
import { openSession, type Place, type Session } from "./session.ts";

/**
 * Limits on the idle sessions that are kept: the most recent ones, as long as they are few and
 * together hold less than about 256 MB.
 */
const most = { sessions: 32, entries: 2 ** 26 };

/**
 * Idle sessions, keyed by what they compute and where. The last one is the one that was returned
 * most recently.
 */
const idle: { readonly key: string; readonly session: Session }[] = [];

/** A session that belongs to one program until the program returns it. */
export interface Lease {
  readonly session: Session;
  /** Returns the session, for the next program that computes the same. */
  end(): Promise<void>;
}

/**
 * Leases a session for simplified tensors: an idle one that computes the same with the same
 * constants in the same place, or otherwise a new one.
 */
export async function lease(names: readonly string[], tensors: readonly Tensor[], place: Place): Promise<Lease> {
  const key = `${place.device ?? "cpu"} ${place.threads ?? "all"} ${JSON.stringify(names)}\n${fingerprint(tensors)}`;
  const at = idle.findLastIndex((one) => one.key === key);
  const session = at < 0 ? await openSession(names, tensors, place) : idle.splice(at, 1)[0]!.session;
  return {
    session,
    end: async () => {
      idle.push({ key, session });
      const surplus: Session[] = [];
      const entries = () => idle.reduce((sum, one) => sum + one.session.entries, 0);
      while (idle.length > most.sessions || entries() > most.entries) surplus.push(idle.shift()!.session);
      for (const one of surplus) await one.release();
    },
  };
}

/**
 * Frees the memory of all disposed programs. A program with the same graph and constants is then
 * compiled again.
 */
export async function releasePrograms(): Promise<void> {
  for (const { session } of idle.splice(0)) await session.release();
}

import { fingerprint, type Tensor } from "../graph/index.ts";
import { openSession, type Place, type Session } from "./session.ts";

/**
 * What is kept of sessions that nobody uses: the latest, as long as they are few and hold less than
 * 256 MB together, about.
 */
const most = { sessions: 8, entries: 2 ** 26 };

/**
 * Sessions that nobody uses, by what they compute and where; the one that was given back last
 * stands last.
 */
const idle: { readonly key: string; readonly session: Session }[] = [];

/** A session that is one program's alone until it is given back. */
export interface Lease {
  readonly session: Session;
  /** Gives it back, for the next program that computes the same. */
  end(): Promise<void>;
}

/**
 * A session for tensors that are simplified already: one that is idle and computes the same, with
 * the same constants in the same place, or else a new one.
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
 * Frees the memory of all programs that were disposed of. A program of the same graph and constants
 * is then compiled anew.
 */
export async function releasePrograms(): Promise<void> {
  for (const { session } of idle.splice(0)) await session.release();
}

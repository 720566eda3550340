/**
 * Where a run keeps what is finished, so that a run that was stopped can continue. Names are those
 * of files, with parts joined by "/".
 */
export interface Store {
  read(name: string): Promise<Uint8Array | undefined>;
  /** Writes the whole file or nothing. */
  write(name: string, content: string | Uint8Array): Promise<void>;
}

/** A store in memory, for library users who keep no files. */
export function memoryStore(): Store {
  const kept = new Map<string, Uint8Array>();
  return {
    read: async (name) => kept.get(name),
    write: async (name, content) => {
      kept.set(name, typeof content === "string" ? new TextEncoder().encode(content) : content);
    },
  };
}

/** A text file of a store; undefined if there is none. */
export async function readText(store: Store, name: string): Promise<string | undefined> {
  const bytes = await store.read(name);
  return bytes && new TextDecoder().decode(bytes);
}

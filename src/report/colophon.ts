import { foreign, html, type Markup } from "./html.ts";

/** What makes a result again: the command, notes, seed, spec and versions. */
export const colophon = (
  {
    notes,
    seed,
    specHash,
    versions,
  }: {
    readonly notes: readonly string[];
    readonly seed: number;
    readonly specHash: string | null;
    readonly versions: Readonly<Record<string, string>>;
  },
  reproduce: string | undefined,
): Markup => html`${
  reproduce === undefined
    ? html`<p class="note">The client, its defenses and its attacks were made in code; that code makes this result again.</p>`
    : html`<pre>${reproduce.split(/ (?=--)/).map((words) => html`<span>${words}</span> `)}</pre>`
}
${notes.map((note) => html`<p class="note">${foreign(note)}</p>`)}
<p class="colophon">Seed ${seed}.${specHash !== null && html` Spec <code>${specHash}</code>.`}<br>${Object.entries(versions)
  .map(([name, version]) => `${name} ${version}`)
  .join(", ")}.</p>`;

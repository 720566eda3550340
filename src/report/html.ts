/** Text that is HTML already. Everything else that enters {@link html} is escaped. */
export interface Markup {
  readonly markup: string;
}

type Interpolated = string | number | Markup | null | undefined | false | readonly Interpolated[];

/**
 * Builds HTML: strings and numbers are escaped, markup and lists of markup go in as they are,
 * nothing becomes nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Markup {
  return { markup: strings.reduce((text, string, i) => text + render(values[i - 1]) + string) };
}

/** Takes text for HTML without escaping it: for what this program wrote itself. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** Text from outside, kept from changing the direction of the text around it. */
export function foreign(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}

function render(value: Interpolated): string {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "number") return String(value);
  return "markup" in value ? value.markup : value.map(render).join("");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

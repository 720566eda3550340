import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { html, type Markup, trusted } from "./html.ts";

/** A small chart with a caption, as SVG that takes its colors from the page. */
export function plot(title: string, description: string, options: Plot.PlotOptions): Markup {
  const svg = Plot.plot({
    document: parseHTML("<html></html>").document,
    width: 440,
    height: 250,
    marginLeft: 44,
    marginRight: 16,
    marginBottom: 38,
    style: { background: "none", fontSize: "11px", overflow: "visible" },
    ...options,
  });
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", description);
  return html`<figure class="curve"><figcaption>${title}</figcaption>${trusted(svg.outerHTML)}</figure>`;
}

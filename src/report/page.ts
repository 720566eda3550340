import { html, type Markup, trusted } from "./html.ts";
import { style } from "./style.ts";

/**
 * Nothing is loaded from anywhere, and nothing runs, whatever the names of classes and files try.
 */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** One HTML file that needs nothing beside it and no script. */
export const page = (title: string, body: Markup): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="Gradleak">
<title>${title} – Gradleak</title>
<style>${trusted(style)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.markup;

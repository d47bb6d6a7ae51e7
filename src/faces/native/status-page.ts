/** What a browser sees at `/` while there is no dashboard. Static: it tells nothing that needs a token. */
export const statusPage = (version: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Taskport</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
code { background: #f2f2f2; padding: .1em .3em; border-radius: 3px }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111 } code { background: #222 } a { color: #8ab4f8 } }
</style>
<h1>Taskport ${version}</h1>
<p>The server runs. Its API is described in <a href="/openapi.json">openapi.json</a>; <code>taskport env</code> prints
how each client finds it, <code>taskport ps</code> what runs.</p>
</html>
`

export const STATUS_PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const

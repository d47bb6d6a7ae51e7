import type { Claim } from '../kit/face.ts'

/** Cloud Controller, UAA and the log cache share the origin. A browser that asks for `/` gets the dashboard. */
export const CLAIMS: readonly Claim[] = [
  {
    method: 'GET',
    exact: '/',
    when: { id: 'not-a-browser', test: ({ headers }) => !String(headers.accept ?? '').includes('text/html') },
  },
  { prefix: '/v3' },
  { prefix: '/v2' },
  { prefix: '/oauth' },
  { prefix: '/login' },
  { prefix: '/Users' },
  { exact: '/token_keys' },
  { exact: '/api/v1/info' },
  { exact: '/api/v1/meta' },
  { prefix: '/api/v1/read' },
]

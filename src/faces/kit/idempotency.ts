import { hash } from 'node:crypto'

/** What the engine compares under one idempotency key: equal parameters give equal fingerprints, whatever their order. */
export const fingerprintOf = (parameters: unknown): string => hash('sha256', canonical(parameters), 'base64url')

/** For `SubmitOptions`: nothing without a key. */
export const idempotencyOf = (
  key: string | undefined,
  parameters: unknown,
): { readonly idempotency?: { readonly key: string; readonly fingerprint: string } } =>
  key === undefined ? {} : { idempotency: { key, fingerprint: fingerprintOf(parameters) } }

/** JSON with sorted members; undefined members are left out. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`
}

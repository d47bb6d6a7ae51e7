/**
 * Idempotency keys: what a submission was answered with, kept as a document of the same commit. The same key gives the
 * same answer again, refusals included, for as long as the last of its executions is kept. Scope: tenant and face.
 */
import { EngineError } from '../core/engine-error.ts'
import type { ExecutionId, Tenant } from '../core/identity.ts'
import type { Change } from '../core/ports/store.ts'
import type { Context } from './context.ts'
import type { SubmitOptions, SubmitResult } from './submission-request.ts'

export const KEYS = 'taskport/idempotency'

export type IdempotencyKey = NonNullable<SubmitOptions['idempotency']>

/** Whose key it is. */
export interface KeyScope {
  readonly tenant: Tenant
  readonly face: string
}

type Refused = Extract<SubmitResult, { kind: 'refused' }>

interface KeyBody {
  readonly fingerprint: string
  readonly executions: readonly ExecutionId[]
  /** What was not accepted beside them, by its place among the requests. */
  readonly refused?: readonly { readonly at: number; readonly result: Refused }[]
}

const keyOf = ({ face }: KeyScope, key: string): string => `${face}/${key}`

/** `results`: one for each request, in their order. At least one of them was accepted. */
export function keyDocument(scope: KeyScope, given: IdempotencyKey, results: readonly SubmitResult[]): Change {
  const executions = results.flatMap((r) => (r.kind === 'accepted' ? [r.execution.id] : []))
  const refused = results.flatMap((result, at) => (result.kind === 'refused' ? [{ at, result }] : []))
  const body: KeyBody = { fingerprint: given.fingerprint, executions, ...(refused.length > 0 && { refused }) }
  return {
    kind: 'document.put',
    tenant: scope.tenant,
    collection: KEYS,
    key: keyOf(scope, given.key),
    body,
    indexes: { last: executions[executions.length - 1]! },
    expected: 0,
  }
}

export const keyIsTaken = async ({ store }: Context, scope: KeyScope, key: string): Promise<boolean> =>
  (await store.document(scope.tenant, KEYS, keyOf(scope, key))) !== undefined

/** What this key was answered with before; `conflict` with facts.executions when it was asked for something else. */
export async function knownAnswer(
  context: Context,
  scope: KeyScope,
  { key, fingerprint }: IdempotencyKey,
): Promise<readonly SubmitResult[] | undefined> {
  const found = await context.store.document<KeyBody>(scope.tenant, KEYS, keyOf(scope, key))
  if (!found) return undefined
  const { executions, refused = [] } = found.body
  if (found.body.fingerprint !== fingerprint)
    throw new EngineError('conflict', 'this idempotency key was used for another request', {
      subject: 'idempotency',
      id: key,
      executions,
    })
  const again = await Promise.all(executions.map((id) => acceptedBefore(context, scope.tenant, id)))
  const results: (SubmitResult | undefined)[] = [...again]
  for (const { at, result } of refused) results.splice(at, 0, result)
  return results.filter((r) => r !== undefined)
}

/** Undefined when it was removed since. */
async function acceptedBefore(context: Context, tenant: Tenant, id: ExecutionId): Promise<SubmitResult | undefined> {
  const execution = context.roster.ofTenant(tenant, id) ?? (await context.store.execution(tenant, id))
  return execution && { kind: 'accepted', execution, repeated: true }
}

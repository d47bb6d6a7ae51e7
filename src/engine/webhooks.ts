/** Webhooks as users set and see them. After each change the outbox must be told (`OutboxService.changed`). */
import { EngineError, invalid, notFound } from '../core/engine-error.ts'
import type { Tenant } from '../core/identity.ts'
import type { Change } from '../core/ports/store.ts'
import { allDocuments } from './all-documents.ts'
import { commitUnlessConflict } from './commit-unless-conflict.ts'
import type { Context } from './context.ts'
import type { Webhook, WebhookSpec } from './engine.ts'
import type { HookProgress, HookRecord, PendingDelivery } from './hook-records.ts'
import { DELIVERIES, HOOKS, PROGRESS, putHook, putProgress, secretPurpose } from './hook-records.ts'
import { TRANSITION_KINDS } from './transition-kinds.ts'
import { findFormat, type WebhookFormats } from './webhook-format.ts'

/** Each reads every event of its tenant. */
const MOST_HOOKS = 100
const LONGEST_URL = 4_000
const SECRET_LENGTHS = { least: 8, most: 500 } as const

/** A new hook hears what happens from now on. Its secret is answered only when it was made here. */
export async function setWebhook(
  context: Context,
  formats: WebhookFormats,
  tenant: Tenant,
  spec: WebhookSpec,
): Promise<Webhook> {
  checkSpec(spec, formats)
  return spec.id === undefined ? create(context, tenant, spec) : replace(context, tenant, spec.id, spec)
}

async function create(context: Context, tenant: Tenant, spec: WebhookSpec): Promise<Webhook> {
  const others = await context.store.documents(tenant, HOOKS, { limit: MOST_HOOKS })
  if (others.items.length >= MOST_HOOKS)
    throw new EngineError('exhausted', `there are ${MOST_HOOKS} webhooks already`, { subject: 'webhook' })
  const id = context.ids.other()
  const secret = spec.secret ?? madeSecret(context, tenant, id)
  const record = recordOf(context, tenant, id, spec, secret, context.now())
  const progress: HookProgress = { cursor: context.store.cursor(), done: 0, pending: 0 }
  await context.store.commit([putHook(tenant, id, record), putProgress(tenant, id, progress)])
  const made = viewOf(id, record, progress)
  return spec.secret === undefined ? { ...made, secret } : made
}

async function replace(context: Context, tenant: Tenant, id: string, spec: WebhookSpec): Promise<Webhook> {
  const [before, progress] = await Promise.all([
    context.store.document<HookRecord>(tenant, HOOKS, id),
    context.store.document<HookProgress>(tenant, PROGRESS, id),
  ])
  if (!before || !progress) throw notFound('webhook', id)
  const secret = spec.secret ?? context.vault.open(secretPurpose(tenant, id), before.body.sealedSecret)
  const record = recordOf(context, tenant, id, spec, secret, before.body.createdAt)
  const changes: Change[] = [{ ...putHook(tenant, id, record), expected: before.version }]
  // What happened while it was not active is not told afterwards.
  if (record.active && !before.body.active)
    changes.push(putProgress(tenant, id, { ...progress.body, cursor: context.store.cursor(), done: 0 }))
  await context.store.commit(changes)
  return viewOf(id, record, progress.body)
}

/** Oldest first, without secrets. */
export async function listWebhooks(context: Context, tenant: Tenant): Promise<readonly Webhook[]> {
  const { store } = context
  const progress = new Map<string, HookProgress>()
  for await (const found of allDocuments((page) => store.documents<HookProgress>(tenant, PROGRESS, page)))
    progress.set(found.key, found.body)
  const hooks: Webhook[] = []
  for await (const { key, body } of allDocuments((page) => store.documents<HookRecord>(tenant, HOOKS, page)))
    hooks.push(viewOf(key, body, progress.get(key)))
  return hooks
}

/** With everything that was still to be tried again. */
export async function removeWebhook(context: Context, tenant: Tenant, id: string): Promise<void> {
  const { store } = context
  for (;;) {
    const progress = await store.document<HookProgress>(tenant, PROGRESS, id)
    if (!(await store.document(tenant, HOOKS, id))) throw notFound('webhook', id)
    const gone = (collection: string, key: string) => ({ kind: 'document.delete', tenant, collection, key }) as const
    const changes: Change[] = [gone(HOOKS, id), { ...gone(PROGRESS, id), expected: progress?.version ?? 0 }]
    const index = { name: 'hook', value: id }
    for await (const { key } of allDocuments((page) =>
      store.documents<PendingDelivery>(tenant, DELIVERIES, { ...page, index }),
    ))
      changes.push(gone(DELIVERIES, key))
    if (await commitUnlessConflict(context, changes)) return
  }
}

/** Derived, so that chance is not needed: nobody without the key file can tell it. */
const madeSecret = (context: Context, tenant: Tenant, id: string): string =>
  `whsec_${Buffer.from(context.vault.derive(secretPurpose(tenant, id))).toString('base64url')}`

function recordOf(
  context: Context,
  tenant: Tenant,
  id: string,
  spec: WebhookSpec,
  secret: string,
  createdAt: number,
): HookRecord {
  const { url, kinds, labels, format, active = true } = spec
  return {
    url,
    sealedSecret: context.vault.seal(secretPurpose(tenant, id), secret),
    active,
    createdAt,
    ...(kinds && { kinds }),
    ...(labels && { labels }),
    ...(format !== undefined && { format }),
  }
}

function viewOf(id: string, record: HookRecord, progress: HookProgress | undefined): Webhook {
  const { sealedSecret: _, ...shown } = record
  const { last, pending = 0 } = progress ?? {}
  return { id, ...shown, ...(last && { lastDelivery: { ...last, pendingRetries: pending } }) }
}

function checkSpec(spec: WebhookSpec, formats: WebhookFormats): void {
  checkUrl(spec.url)
  const length = spec.secret?.length ?? SECRET_LENGTHS.least
  if (length < SECRET_LENGTHS.least || length > SECRET_LENGTHS.most)
    throw invalid('secret', `a secret has ${SECRET_LENGTHS.least} to ${SECRET_LENGTHS.most} characters`)
  for (const [i, kind] of (spec.kinds ?? []).entries())
    if (!TRANSITION_KINDS.includes(kind))
      throw invalid(`kinds[${i}]`, `${JSON.stringify(kind)} is none of ${TRANSITION_KINDS.join(', ')}`)
  if (!findFormat(formats, spec.format)) throw invalid('format', `there is no format ${JSON.stringify(spec.format)}`)
}

function checkUrl(text: string): void {
  const url = text.length <= LONGEST_URL ? URL.parse(text) : null
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw invalid('url', 'an address is an http or https URL')
  // It would be shown in every list.
  if (url.username !== '' || url.password !== '') throw invalid('url', 'an address holds no user name or password')
}

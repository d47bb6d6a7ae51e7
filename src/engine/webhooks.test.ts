import { describe, expect, test } from 'vitest'
import { EngineWorld, TENANT } from '../../test/support/engine-world.ts'
import { asTenant } from '../core/identity.ts'
import type { WebhookSpec } from './engine.ts'
import { HOOKS, type HookRecord } from './hook-records.ts'
import { listWebhooks, removeWebhook, setWebhook } from './webhooks.ts'

const OTHER = asTenant('other')
const URL = 'https://a.example/hook'

async function world(): Promise<EngineWorld> {
  const made = new EngineWorld()
  await made.boot()
  return made
}

const set = (w: EngineWorld, spec: WebhookSpec, tenant = TENANT) => setWebhook(w.context, new Map(), tenant, spec)

describe('webhooks', () => {
  test('a secret is answered once, when it was made, and kept sealed', async () => {
    const w = await world()
    const made = await set(w, { url: URL })
    const given = await set(w, { url: URL, secret: 'my own secret' })
    const changed = await set(w, { id: made.id, url: `${URL}/2`, kinds: ['execution.state'] })
    const listed = await listWebhooks(w.context, TENANT)
    const stored = await w.store.document<HookRecord>(TENANT, HOOKS, made.id)

    expect(made.secret).toMatch(/^whsec_.{40,}$/)
    expect([given.secret, changed.secret, ...listed.map((h) => h.secret)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(w.context.vault.open(`webhook/${TENANT}/${made.id}`, stored!.body.sealedSecret)).toBe(made.secret)
    expect(listed).toEqual([
      { id: made.id, url: `${URL}/2`, kinds: ['execution.state'], active: true, createdAt: made.createdAt },
      { id: given.id, url: URL, active: true, createdAt: given.createdAt },
    ])
  })

  test.each([
    ['url', { url: 'ftp://a.example/' }],
    ['url', { url: 'no address' }],
    ['url', { url: 'https://user:password@a.example/' }],
    ['url', { url: `https://a.example/${'x'.repeat(4_000)}` }],
    ['secret', { url: URL, secret: 'short' }],
    ['kinds[1]', { url: URL, kinds: ['execution.state', 'execution.vanished'] }],
    ['format', { url: URL, format: 'unheard of' }],
  ] as const)('what is wrong with a hook is said of its field %s', async (field, spec) => {
    const w = await world()
    await expect(set(w, spec)).rejects.toMatchObject({ code: 'invalid', facts: { field } })
    expect(await listWebhooks(w.context, TENANT)).toEqual([])
  })

  test("another tenant's hook is not there to change, remove or see", async () => {
    const w = await world()
    const { id } = await set(w, { url: URL })

    await expect(set(w, { id, url: URL }, OTHER)).rejects.toMatchObject({ code: 'not_found' })
    await expect(removeWebhook(w.context, OTHER, id)).rejects.toMatchObject({ code: 'not_found' })
    expect(await listWebhooks(w.context, OTHER)).toEqual([])
    await removeWebhook(w.context, TENANT, id)
    await expect(removeWebhook(w.context, TENANT, id)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a tenant has at most a hundred', async () => {
    const w = await world()
    for (let i = 0; i < 100; i++) await set(w, { url: URL })
    await expect(set(w, { url: URL })).rejects.toMatchObject({ code: 'exhausted' })
    await expect(set(w, { url: URL }, OTHER)).resolves.toBeDefined()
  })
})

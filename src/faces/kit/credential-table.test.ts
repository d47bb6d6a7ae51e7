import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { plainVault } from '../../../test/support/engine-world.ts'
import { EngineError } from '../../core/engine-error.ts'
import { asTenant } from '../../core/identity.ts'
import type { Vault } from '../../core/ports/vault.ts'
import { SYSTEM_TENANT } from '../../engine/system-tenant.ts'
import { MemoryStore } from '../../store/memory/memory-store.ts'
import { CREDENTIALS, CredentialTable, REMEMBERED_MS } from './credential-table.ts'

const acme = asTenant('acme')

/** Seals by reversing: enough to see that nothing is stored in the clear, and that sealing was asked for. */
const vault: Vault = {
  ...plainVault,
  seal: (purpose, plain) => `${purpose}|${Buffer.from(plain).toString('hex')}`,
  open: (purpose, sealed) => Buffer.from(sealed.slice(purpose.length + 1), 'hex').toString(),
}

function world() {
  let now = 1_000_000
  const store = new MemoryStore()
  return {
    store,
    table: () => new CredentialTable(store, () => now, vault),
    pass: (ms: number) => {
      now += ms
    },
  }
}

const request = { face: 'ecs', tenant: acme, principal: 'ann', grants: ['run'] } as const
const ann = { id: 'ann', kind: 'user', tenant: acme, face: 'ecs', grants: ['run'] }

describe('the credential table', () => {
  test('a token proves its principal on its own face only, after a restart too', async () => {
    const { table } = world()
    const first = table()
    const { secret } = await first.mint({ ...request, kind: 'hashed' })
    expect(secret).toMatch(/^tp_ecs_[0-9a-f]{18}_[\w-]{32}$/)
    for (const credentials of [first, table()]) {
      expect(await credentials.verifyToken('ecs', secret)).toEqual(ann)
      const verified = await credentials.verifiedToken('ecs', secret)
      expect(verified).toMatchObject({ principal: ann, credential: { face: 'ecs', principal: 'ann', kind: 'hashed' } })
      expect(verified?.credential).not.toHaveProperty('kept')
      expect(await credentials.verifyToken('ona', secret)).toBeUndefined()
      expect(await credentials.verifyToken('ecs', `${secret}x`)).toBeUndefined()
      expect(await credentials.verifyToken('ecs', '')).toBeUndefined()
    }
  })

  test('a password is verified by name, a sealed secret is read again, and neither does for the other', async () => {
    const { table } = world()
    const credentials = table()
    await credentials.mint({ ...request, kind: 'password', name: 'ann', secret: 'correct horse' })
    await credentials.mint({ ...request, kind: 'sealed', name: 'AKIA1', secret: 'wJalr' })
    expect(await credentials.verifyPassword('ecs', 'ann', 'correct horse')).toEqual(ann)
    expect(await credentials.verifyPassword('ecs', 'ann', 'correct horse')).toEqual(ann)
    expect(await credentials.verifyPassword('ecs', 'ann', 'wrong')).toBeUndefined()
    expect(await credentials.verifyPassword('ecs', 'bob', 'correct horse')).toBeUndefined()
    expect(await credentials.sealedSecret('ecs', 'AKIA1')).toEqual({ secret: 'wJalr', principal: ann })
    expect(await credentials.sealedSecret('ecs', 'ann')).toBeUndefined()
    expect(await credentials.verifyPassword('ecs', 'AKIA1', 'wJalr')).toBeUndefined()
    expect(await credentials.verifyToken('ecs', 'wJalr')).toBeUndefined()
  })

  test('no secret is stored in the clear, nor listed', async () => {
    const { store, table } = world()
    const credentials = table()
    const secrets = []
    for (const kind of ['hashed', 'password', 'sealed'] as const)
      secrets.push((await credentials.mint({ ...request, kind })).secret)
    secrets.push((await credentials.firstStart('ecs')).secret)
    const stored = await store.documents(SYSTEM_TENANT, CREDENTIALS, { limit: 10 })
    expect(stored.items).toHaveLength(3)
    const seen = JSON.stringify([stored.items, await credentials.list({})])
    for (const secret of secrets) expect(seen).not.toContain(secret)
  })

  test('a revocation counts at once here, and soon on another server of the same store', async () => {
    const { table, pass } = world()
    const [here, elsewhere] = [table(), table()]
    const { id, secret } = await here.mint({ ...request, kind: 'hashed' })
    expect(await elsewhere.verifyToken('ecs', secret)).toEqual(ann)
    expect(await here.verifyToken('ecs', secret)).toEqual(ann)
    expect(await here.revoke(id)).toBe(true)
    expect(await here.verifyToken('ecs', secret)).toBeUndefined()
    pass(REMEMBERED_MS)
    expect(await elsewhere.verifyToken('ecs', secret)).toBeUndefined()
    expect(await here.revoke(id)).toBe(false)
  })

  test('it expires to the millisecond, also while remembered, and is swept', async () => {
    const { table, pass } = world()
    const credentials = table()
    const { secret } = await credentials.mint({ ...request, kind: 'hashed', expiresAt: 1_000_100 })
    pass(99)
    expect(await credentials.verifyToken('ecs', secret)).toEqual(ann)
    pass(1)
    expect(await credentials.verifyToken('ecs', secret)).toBeUndefined()
    expect(await credentials.sweep()).toBe(1)
    expect(await credentials.list({})).toEqual([])
  })

  test('a name is given once per face', async () => {
    const { table } = world()
    const credentials = table()
    const named = { ...request, kind: 'password', name: 'ann' } as const
    const both = await Promise.allSettled([credentials.mint(named), table().mint(named)])
    const refused = both.flatMap((r) => (r.status === 'rejected' ? [r.reason as unknown] : []))
    expect(refused).toHaveLength(1)
    expect(refused[0]).toBeInstanceOf(EngineError)
    expect(refused[0]).toMatchObject({ code: 'conflict', facts: { field: 'name' } })
    await credentials.mint({ ...named, face: 'ona' })
    await expect(credentials.mint({ ...named, name: 'admin' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(credentials.mint({ ...named, tenant: SYSTEM_TENANT })).rejects.toMatchObject({ code: 'invalid' })
  })

  test('the first-start credential comes from the key file alone and does for every scheme of its face', async () => {
    const credentials = world().table()
    const { name, secret, principal } = await credentials.firstStart('cf')
    expect(await world().table().firstStart('cf')).toEqual({ name, secret, principal })
    expect(await credentials.verifyToken('cf', secret)).toEqual(principal)
    expect(await credentials.verifyPassword('cf', name, secret)).toEqual(principal)
    expect(await credentials.sealedSecret('cf', name)).toEqual({ secret, principal })
    expect(await credentials.verifyToken('ecs', secret)).toBeUndefined()
    expect((await credentials.firstStart('ecs')).secret).not.toBe(secret)
    const other = { ...plainVault, derive: () => randomBytes(32) }
    const elsewhere = new CredentialTable({} as never, () => 0, other)
    expect((await elsewhere.firstStart('cf')).secret).not.toBe(secret)
  })
})

import { beforeEach, describe, expect, test } from 'vitest'
import { EngineWorld, TENANT } from '../../test/support/engine-world.ts'
import { asTenant } from '../core/identity.ts'
import { SYSTEM_TENANT } from './system-tenant.ts'

let w: EngineWorld
beforeEach(async () => {
  w = new EngineWorld()
  await w.boot()
})

const forbidden = { code: 'forbidden' }

describe('rights', () => {
  test('the machine that all tenants share is changed by the operator only, and deregistered by nobody', async () => {
    const { node } = (await w.engine.nodes(TENANT))[0]!
    for (const by of [undefined, { operator: false }]) {
      await expect(w.engine.setNodeState(TENANT, node.id, 'draining', by)).rejects.toMatchObject(forbidden)
      await expect(w.engine.setNodeAttributes(TENANT, node.id, { a: 'b' }, [], by)).rejects.toMatchObject(forbidden)
    }
    await expect(w.engine.deregisterNode(TENANT, node.id, { force: true })).rejects.toMatchObject(forbidden)
    const drained = await w.engine.setNodeState(TENANT, node.id, 'draining', { operator: true })
    expect(drained.state).toBe('draining')
  })

  test('a tenant drains and deregisters its own node, which is not there for others', async () => {
    const { id } = await w.engine.registerNode(TENANT, { name: 'mine', capacity: {}, attributes: {} })
    expect((await w.engine.setNodeState(TENANT, id, 'draining')).state).toBe('draining')
    await expect(w.engine.setNodeState(asTenant('x'), id, 'active')).rejects.toMatchObject({ code: 'not_found' })
    expect((await w.engine.deregisterNode(TENANT, id, { force: false })).state).toBe('gone')
  })

  test('faces write no record of the engine’s own, in any tenant', async () => {
    for (const tenant of [TENANT, SYSTEM_TENANT])
      for (const change of [
        { kind: 'document.put', tenant, collection: 'taskport/node', key: 'k', body: {} },
        { kind: 'document.delete', tenant, collection: 'taskport/credential', key: 'k' },
      ] as const)
        await expect(w.engine.saveDocuments([change])).rejects.toMatchObject(forbidden)
    const own = { kind: 'document.put', tenant: TENANT, collection: 'face/thing', key: 'k', body: {} } as const
    await expect(w.engine.saveDocuments([own])).resolves.toEqual([])
  })
})

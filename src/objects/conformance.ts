import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { asTenant } from '../core/identity.ts'
import type { ObjectStore } from '../core/ports/object-store.ts'

const A = asTenant('a')
const B = asTenant('b')
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What every object store keeps (O1–O3 of the port). */
export function objectStoreConformance(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name}: objects`, () => {
    test('what was put is read back, whole or in part, with its size and sum', async () => {
      const store = await open()
      const bytes = Buffer.from('0123456789')
      expect(await store.put(A, 'x/y', Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]))).toEqual({
        size: 10,
        sha256: sha256(bytes),
      })
      expect(await buffer(await store.read(A, 'x/y'))).toEqual(bytes)
      expect(String(await buffer(await store.read(A, 'x/y', { from: 2, until: 5 })))).toBe('234')
      expect(String(await buffer(await store.read(A, 'x/y', { from: 8 })))).toBe('89')
      expect(String(await buffer(await store.read(A, 'x/y', { from: 5, until: 5 })))).toBe('')
      expect(await store.facts(A, 'x/y')).toEqual({ size: 10, sha256: sha256(bytes) })
    })

    test('an upload that breaks or grows too large leaves what was there before', async () => {
      const store = await open()
      await store.put(A, 'k', Buffer.from('old'))
      const broken = new Readable({
        read() {
          this.push('new')
          this.destroy(new Error('gone'))
        },
      })
      await expect(store.put(A, 'k', broken)).rejects.toThrow('gone')
      await expect(store.put(A, 'k', Buffer.from('too long'), { limitBytes: 3 })).rejects.toMatchObject({
        code: 'exhausted',
      })
      expect(String(await buffer(await store.read(A, 'k')))).toBe('old')
    })

    test('no key leaves its place or its tenant', async () => {
      const store = await open()
      const keys = ['../b/stolen', '..', 'a/../../x', '/etc/passwd', 'ü \n%2e%2e/%00', 'dir/', 'CASE', 'case', 'dir']
      for (const key of keys) await store.put(A, key, Buffer.from(key))
      for (const key of keys) expect(String(await buffer(await store.read(A, key)))).toBe(key)
      for (const key of keys) expect(await store.facts(B, key)).toBeUndefined()
      const found: string[] = []
      for await (const key of store.keys(A, '')) found.push(key)
      expect(found).toEqual([...keys].sort())
      await expect(store.read(B, 'stolen')).rejects.toMatchObject({ code: 'not_found' })
    })

    test('what is removed is gone, once', async () => {
      const store = await open()
      await store.put(A, 'k', Buffer.from('x'))
      expect(await store.remove(A, 'k')).toBe(true)
      expect(await store.remove(A, 'k')).toBe(false)
      expect(await store.facts(A, 'k')).toBeUndefined()
    })
  })
}

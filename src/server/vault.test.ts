import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openVault } from './vault.ts'

const keyFile = () => join(mkdtempSync(join(tmpdir(), 'taskport-vault-')), 'key')

describe('the vault', () => {
  test('what is sealed for a purpose opens for that purpose only, after a restart too', () => {
    const file = keyFile()
    const vault = openVault(file)
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (purpose, other, plain) => {
        const sealed = vault.seal(purpose, plain)
        expect(openVault(file).open(purpose, sealed)).toBe(Buffer.from(plain, 'utf8').toString('utf8'))
        if (other !== purpose) expect(() => vault.open(other, sealed)).toThrow(/not sealed/)
      }),
      { numRuns: 50 },
    )
  })

  test('a sealed text with any byte changed does not open', () => {
    const vault = openVault(keyFile())
    const sealed = vault.seal('p', 'secret')
    for (let i = 0; i < sealed.length; i++) {
      const changed = `${sealed.slice(0, i)}${sealed[i] === 'A' ? 'B' : 'A'}${sealed.slice(i + 1)}`
      // The last characters of base64url may carry unused bits.
      if (Buffer.from(changed.split('.')[2] ?? '', 'base64url').equals(Buffer.from(sealed.split('.')[2]!, 'base64url')))
        if (changed.split('.')[1] === sealed.split('.')[1] && changed.startsWith('v1.')) continue
      expect(() => vault.open('p', changed)).toThrow()
    }
  })

  test('a derived key depends on purpose and key file, on nothing else', () => {
    const file = keyFile()
    const key = Buffer.from(openVault(file).derive('a'))
    expect(key).toHaveLength(32)
    expect(Buffer.from(openVault(file).derive('a'))).toEqual(key)
    expect(Buffer.from(openVault(file).derive('b'))).not.toEqual(key)
    expect(Buffer.from(openVault(keyFile()).derive('a'))).not.toEqual(key)
  })

  test('the key file has mode 0600, is refused when others may read it, and is never replaced when damaged', () => {
    const file = keyFile()
    openVault(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    chmodSync(file, 0o640)
    expect(() => openVault(file)).toThrow(/chmod 600/)
    chmodSync(file, 0o600)
    writeFileSync(file, 'gone')
    expect(() => openVault(file)).toThrow(/damaged/)
    expect(readFileSync(file, 'utf8')).toBe('gone')
  })
})

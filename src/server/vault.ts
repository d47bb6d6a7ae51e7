/**
 * The vault: authenticated encryption and key derivation from the operator's key file.
 *
 * V1. The key file is made once, with mode 0600, and is on disk (fsync) before anything is sealed with it.
 * V2. A key file that others may read is refused: it is no secret any more.
 * V3. The purpose is bound into every sealed text, so that a value moved to another place does not open.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Vault } from '../core/ports/vault.ts'

const FORMAT = 'v1'
const KEY_BYTES = 32

/** Opens the key file, or makes it. Throws, saying what to do, when others may read it or it is damaged. */
export function openVault(keyFile: string): Vault {
  return vaultOf(readOrMakeKey(keyFile))
}

/** A vault of a key that is at hand. */
export function vaultOf(master: Uint8Array): Vault {
  const derive = (purpose: string): Buffer => createHmac('sha256', master).update(purpose, 'utf8').digest()
  return {
    derive: (purpose) => derive(`derive/${purpose}`),
    seal: (purpose, plain) => seal(derive(`seal/${purpose}`), purpose, plain),
    open: (purpose, sealed) => open(derive(`seal/${purpose}`), purpose, sealed),
  }
}

function seal(key: Buffer, purpose: string, plain: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose, 'utf8'))
  const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${FORMAT}.${nonce.toString('base64url')}.${text.toString('base64url')}`
}

function open(key: Buffer, purpose: string, sealed: string): string {
  const [format, nonce, text, ...rest] = sealed.split('.')
  if (format !== FORMAT || nonce === undefined || text === undefined || rest.length > 0) throw notSealedHere(purpose)
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < 16) throw notSealedHere(purpose)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 })
    decipher.setAAD(Buffer.from(purpose, 'utf8')).setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw notSealedHere(purpose, cause)
  }
}

const notSealedHere = (purpose: string, cause?: unknown): Error =>
  new Error(`this text was not sealed with this key file for ${purpose}`, { cause })

function readOrMakeKey(file: string): Buffer {
  try {
    return readKey(file)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  try {
    return makeKey(file)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return readKey(file)
    throw error
  }
}

function readKey(file: string): Buffer {
  const descriptor = openSync(file, 'r')
  try {
    const { mode } = fstatSync(descriptor)
    if ((mode & 0o077) !== 0)
      throw new Error(`the key file ${file} may be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it`)
    const key = Buffer.from(readFileSync(descriptor, 'utf8').trim(), 'hex')
    if (key.length !== KEY_BYTES)
      throw new Error(`the key file ${file} is damaged: it must hold ${KEY_BYTES} bytes in hex`)
    return key
  } finally {
    closeSync(descriptor)
  }
}

/** Written aside and linked into place: a crash in between leaves no half key under the name. */
function makeKey(file: string): Buffer {
  const key = randomBytes(KEY_BYTES)
  const aside = `${file}.${randomBytes(6).toString('hex')}.new`
  const descriptor = openSync(aside, 'wx', 0o600)
  try {
    writeSync(descriptor, `${key.toString('hex')}\n`)
    fsyncSync(descriptor)
    linkSync(aside, file)
  } finally {
    closeSync(descriptor)
    unlinkSync(aside)
  }
  syncFolder(dirname(file))
  return key
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

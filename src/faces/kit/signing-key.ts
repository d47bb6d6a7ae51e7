/**
 * The RSA key that a face signs its JSON Web Tokens with: made once, kept sealed in the credential table. Revoking that
 * credential makes a new key, and everything signed with the old one invalid; so does a reset of the store.
 */
import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { EngineError } from '../../core/engine-error.ts'
import type { Credentials } from './credentials.ts'
import { FIRST_TENANT } from './first-start.ts'
import { type RsaJwtKey, rsaJwtKey } from './json-web-token.ts'

const NAME = 'token-signing-key'
const BITS = 2_048
/** So long at most a key that another request or server has just made may take to be readable. */
const TRIES = 5

export class SigningKey {
  readonly #credentials: Credentials
  readonly #face: string
  #pem = ''
  #key: RsaJwtKey | undefined
  #making: Promise<string> | undefined

  constructor(credentials: Credentials, face: string) {
    this.#credentials = credentials
    this.#face = face
  }

  /** Ask for it each time: it follows the store, and costs a look into memory. */
  async current(): Promise<RsaJwtKey> {
    const stored = await this.#credentials.sealedSecret(this.#face, NAME)
    const pem = stored?.secret ?? (await this.#made())
    if (!this.#key || this.#pem !== pem) [this.#pem, this.#key] = [pem, rsaJwtKey(pem)]
    return this.#key
  }

  #made(): Promise<string> {
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #make(): Promise<string> {
    const { privateKey: secret } = await promisify(generateKeyPair)('rsa', {
      modulusLength: BITS,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    for (let tried = 1; ; tried++) {
      const stored = await this.#credentials.sealedSecret(this.#face, NAME)
      if (stored) return stored.secret
      try {
        await this.#keep(secret)
        return secret
      } catch (error) {
        if (tried === TRIES || !(error instanceof EngineError) || error.code !== 'conflict') throw error
      }
    }
  }

  async #keep(secret: string): Promise<void> {
    const owner = { tenant: FIRST_TENANT, principal: NAME, principalKind: 'service', grants: [] } as const
    await this.#credentials.mint({ ...owner, face: this.#face, kind: 'sealed', name: NAME, secret })
  }
}

/**
 * Credentials for a time, as STS hands them out. Nothing is stored: the session token says whose they are and until
 * when, the access key id and the secret follow from it.
 *
 * S1. A session may do what the key behind it may, for as long as that key is known and no longer than its time.
 * S2. Who knows a token does not know its secret: that takes this server's key.
 */
import { createHmac, type KeyObject } from 'node:crypto'
import type { Instant } from '../../../core/instant.ts'
import { SignedTokens } from '../../kit/signed-token.ts'
import { AwsError } from '../errors.ts'

export interface Session {
  /** Of the credential behind it. */
  readonly parent: string
  readonly expiresAt: Instant
  /** `ROLE/SESSION` of an assumed role; absent for a session of the user itself. */
  readonly role?: string
}

export interface SessionCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

export class SessionTokens {
  readonly #key: KeyObject
  readonly #tokens: SignedTokens<Session>

  constructor(key: KeyObject) {
    this.#key = key
    this.#tokens = new SignedTokens(key, 'ecs/session')
  }

  mint(session: Session): SessionCredentials {
    return this.#credentialsOf(this.#tokens.mint(session))
  }

  /** Throws UnrecognizedClientException or ExpiredTokenException. */
  open(accessKeyId: string, token: string, now: Instant): Session & { readonly secret: string } {
    const session = this.#tokens.claims(token, now)
    const made = this.#credentialsOf(token)
    if (session === undefined || made.accessKeyId !== accessKeyId) throw unknownToken()
    if (session.expiresAt <= now)
      throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired')
    return { ...session, secret: made.secretAccessKey }
  }

  #credentialsOf(sessionToken: string): SessionCredentials {
    const derived = (what: string): Buffer =>
      createHmac('sha256', this.#key).update(`${what}\n${sessionToken}`).digest()
    return {
      accessKeyId: SESSION_KEY + derived('id').toString('hex').slice(0, 16).toUpperCase(),
      secretAccessKey: derived('secret').toString('base64').slice(0, 40),
      sessionToken,
    }
  }
}

/** As AWS's: AKIA names a key for good, ASIA one for a time. */
const SESSION_KEY = 'ASIA'

export const isSessionKey = (accessKeyId: string): boolean => accessKeyId.startsWith(SESSION_KEY)

export const unknownToken = (): AwsError =>
  new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.')

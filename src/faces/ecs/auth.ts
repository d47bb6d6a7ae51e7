/**
 * Credentials → principal. An AWS access key id is the public name of a sealed credential of this face; the account is
 * part of its tenant, the region is the signature's scope. Development mode asks programs for nothing and believes the
 * scope; web pages have to sign even there.
 */
import { asTenant, type Principal, type Tenant } from '../../core/identity.ts'
import type { FaceContext } from '../kit/face.ts'
import type { Home } from './arn.ts'
import { AwsError } from './errors.ts'
import { isForeignPage } from './foreign-page.ts'
import type { EcsOptions } from './options.ts'
import { isSessionKey, type Session, type SessionTokens, unknownToken } from './session/session-tokens.ts'
import { type Authorization, parseAuthorization } from './signature/authorization-header.ts'
import type { SignedRequest } from './signature/signature.ts'
import { SignatureVerifier } from './signature/verify-signature.ts'

export const FACE = 'ecs'

export interface Caller {
  readonly principal: Principal
  readonly home: Home
  /** Of the credential for good, also where a session of it signed. */
  readonly accessKeyId?: string
  /** The session that signed, where one did. */
  readonly session?: Session
}

/** An account's resources in one region are one tenant. */
export const tenantOf = (home: Home): Tenant => asTenant(`aws:${home.account}:${home.region}`)

interface Key {
  readonly accessKeyId: string
  readonly secret: string
  readonly principal: Principal
  readonly session?: Session
}

type Context = Pick<FaceContext, 'credentials' | 'auth' | 'engine'>

export class Authenticator {
  readonly #context: Context
  readonly #options: EcsOptions
  readonly #sessions: SessionTokens
  readonly #verifier = new SignatureVerifier()

  constructor(context: Context, options: EcsOptions, sessions: SessionTokens) {
    this.#context = context
    this.#options = options
    this.#sessions = sessions
  }

  /** Throws AwsError when the caller is not known or its signature does not hold. */
  async authenticate(request: SignedRequest, service: string): Promise<Caller> {
    const header = request.headers.authorization
    const trusting = this.#context.auth === 'dev' && !isForeignPage(request)
    if (typeof header !== 'string' || header === '') return this.#unsigned(trusting)
    if (trusting) return this.#developer(header, request)
    const given = parseAuthorization(header)
    const key = await this.#keyOf(given.accessKeyId, request)
    if (!key) throw unknownToken()
    this.#verifier.verify(request, given, key.secret, service, this.#context.engine.now())
    return this.#caller(given, key)
  }

  /** Undefined when nobody knows it; throws for a session that has ended or was never begun here. */
  async #keyOf(accessKeyId: string, request: SignedRequest): Promise<Key | undefined> {
    const token = request.headers['x-amz-security-token']
    const { credentials, engine } = this.#context
    const session =
      isSessionKey(accessKeyId) && typeof token === 'string'
        ? this.#sessions.open(accessKeyId, token, engine.now())
        : undefined
    const parent = session?.parent ?? accessKeyId
    const found = await credentials.sealedSecret(FACE, parent)
    if (!found) return undefined
    if (!session) return { accessKeyId, ...found }
    return { accessKeyId: parent, secret: session.secret, principal: found.principal, session }
  }

  #unsigned(trusting: boolean): Caller {
    if (!trusting) throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
    return this.#caller({ accessKeyId: 'anonymous', region: this.#options.region }, undefined)
  }

  async #developer(header: string, request: SignedRequest): Promise<Caller> {
    const given = lenient(header)
    if (!given) return this.#unsigned(true)
    const key = await this.#keyOf(given.accessKeyId, request).catch(undefinedIfRefused)
    return this.#caller(given, key)
  }

  #home(region: string, tenant: Tenant | undefined): Home {
    if (!/^[a-z]{2,}[a-z0-9-]{0,38}$/.test(region))
      throw new AwsError('InvalidSignatureException', 'Credential should be scoped to a valid region. ')
    if (tenant === undefined) return { account: this.#options.account, region }
    const account = tenant.match(/^aws:(\d{12})(?::|$)/)?.[1]
    // Nobody's account is nobody's key, not one of the default account.
    if (account === undefined) throw unknownToken()
    return { account, region }
  }

  /** Without a key: anyone's, in development mode. */
  #caller({ accessKeyId, region }: Pick<Authorization, 'accessKeyId' | 'region'>, key: Key | undefined): Caller {
    const home = this.#home(region, key?.principal.tenant)
    const tenant = tenantOf(home)
    const principal: Principal = key
      ? { ...key.principal, tenant }
      : { id: accessKeyId, kind: 'user', tenant, face: FACE, grants: ['*'] }
    return {
      principal,
      home,
      accessKeyId: key?.accessKeyId ?? accessKeyId,
      ...(key?.session && { session: key.session }),
    }
  }
}

function undefinedIfRefused(error: unknown): undefined {
  if (!(error instanceof AwsError)) throw error
  return undefined
}

function lenient(header: string): Authorization | undefined {
  try {
    return parseAuthorization(header)
  } catch {
    return undefined
  }
}

/** Who it is, as AWS names users and assumed roles. */
export function callerArn({ home, principal, session }: Pick<Caller, 'home' | 'principal' | 'session'>): string {
  return session?.role === undefined
    ? `arn:aws:iam::${home.account}:user/${principal.id}`
    : `arn:aws:sts::${home.account}:assumed-role/${session.role}`
}

/** Grants are `operator`, `*`, `ecs:*` or `ecs:RunTask`; none at all means nothing. */
export function checkGrant(caller: Caller, service: string, operation: string): void {
  const { grants } = caller.principal
  const wanted = ['*', 'operator', `${service}:*`, `${service}:${operation}`]
  if (grants.some((grant) => wanted.includes(grant))) return
  const who = callerArn(caller)
  throw new AwsError(
    'AccessDeniedException',
    `User: ${who} is not authorized to perform: ${service}:${operation} on resource: * because no identity-based policy allows the ${service}:${operation} action`,
  )
}

/**
 * Credentials → principal. An AWS access key id is the public name of a sealed credential of this face; the account is
 * part of its tenant, the region is the signature's scope. Development mode asks for nothing and believes the scope.
 */
import { asTenant, type Principal, type Tenant } from '../../core/identity.ts'
import type { FaceContext } from '../kit/face.ts'
import type { Home } from './arn.ts'
import { AwsError } from './errors.ts'
import type { EcsOptions } from './options.ts'
import { type Authorization, parseAuthorization } from './signature/authorization-header.ts'
import type { SignedRequest } from './signature/signature.ts'
import { SignatureVerifier } from './signature/verify-signature.ts'

export const FACE = 'ecs'

export interface Caller {
  readonly principal: Principal
  readonly home: Home
}

/** An account's resources in one region are one tenant. */
export const tenantOf = (home: Home): Tenant => asTenant(`aws:${home.account}:${home.region}`)

export class Authenticator {
  readonly #context: Pick<FaceContext, 'credentials' | 'auth' | 'engine'>
  readonly #options: EcsOptions
  readonly #verifier = new SignatureVerifier()

  constructor(context: Pick<FaceContext, 'credentials' | 'auth' | 'engine'>, options: EcsOptions) {
    this.#context = context
    this.#options = options
  }

  /** Throws AwsError when the caller is not known or its signature does not hold. */
  async authenticate(request: SignedRequest, service: string): Promise<Caller> {
    const header = request.headers.authorization
    if (typeof header !== 'string' || header === '') return this.#unsigned()
    if (this.#context.auth === 'dev') return this.#developer(header)
    const given = parseAuthorization(header)
    const found = await this.#context.credentials.sealedSecret(FACE, given.accessKeyId)
    if (!found)
      throw new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.')
    this.#verifier.verify(request, given, found.secret, service, this.#context.engine.now())
    return this.#caller(found.principal.id, found.principal, this.#home(given.region, found.principal.tenant))
  }

  #unsigned(): Caller {
    if (this.#context.auth !== 'dev')
      throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
    return this.#caller('anonymous', undefined, { account: this.#options.account, region: this.#options.region })
  }

  async #developer(header: string): Promise<Caller> {
    const given = lenient(header)
    if (!given) return this.#unsigned()
    const found = await this.#context.credentials.sealedSecret(FACE, given.accessKeyId)
    return this.#caller(given.accessKeyId, found?.principal, this.#home(given.region, found?.principal.tenant))
  }

  #home(region: string, tenant: Tenant | undefined): Home {
    if (!/^[a-z]{2,}[a-z0-9-]{0,38}$/.test(region))
      throw new AwsError('InvalidSignatureException', 'Credential should be scoped to a valid region. ')
    const account = tenant?.match(/^aws:(\d{12})(?::|$)/)?.[1] ?? this.#options.account
    return { account, region }
  }

  #caller(id: string, known: Principal | undefined, home: Home): Caller {
    const tenant = tenantOf(home)
    const principal: Principal = known ? { ...known, tenant } : { id, kind: 'user', tenant, face: FACE, grants: ['*'] }
    return { principal, home }
  }
}

function lenient(header: string): Authorization | undefined {
  try {
    return parseAuthorization(header)
  } catch {
    return undefined
  }
}

/** Grants are `operator`, `*`, `ecs:*` or `ecs:RunTask`; none at all means nothing. */
export function checkGrant(caller: Caller, service: string, operation: string): void {
  const { grants, id } = caller.principal
  const wanted = ['*', 'operator', `${service}:*`, `${service}:${operation}`]
  if (grants.some((grant) => wanted.includes(grant))) return
  const who = `arn:aws:iam::${caller.home.account}:user/${id}`
  throw new AwsError(
    'AccessDeniedException',
    `User: ${who} is not authorized to perform: ${service}:${operation} on resource: * because no identity-based policy allows the ${service}:${operation} action`,
  )
}

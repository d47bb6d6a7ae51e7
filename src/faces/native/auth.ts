import type { FastifyRequest } from 'fastify'
import type { Principal } from '../../core/identity.ts'
import { asTenant } from '../../core/identity.ts'
import { SYSTEM_TENANT } from '../../engine/system-tenant.ts'
import type { Access } from './contract/operation.ts'
import { ProblemError, problem } from './errors.ts'
import type { NativeParts } from './native-parts.ts'
import { FACE } from './parse.ts'
import { attemptGrant } from './task-token.ts'

export const OPERATOR = 'operator'
/** An operator may act for another tenant by naming it here; nobody else may. */
export const TENANT_HEADER = 'taskport-tenant'

/**
 * Who asks, and whether this may be asked. The principal's tenant is the only source of a tenant behind this point.
 * Throws 401 without a valid token, 403 where the token does not reach.
 */
export async function authenticate(parts: NativeParts, request: FastifyRequest, access: Access): Promise<Principal> {
  const principal = await principalOf(parts, bearerOf(request))
  if (access === 'task') return forTask(principal, request)
  if (principal.kind === 'task') throw forbidden('a task’s token reaches only what belongs to its own attempt')
  if (access === OPERATOR && !isOperator(principal)) throw forbidden('only the operator may do this')
  const wished = request.headers[TENANT_HEADER]
  return wished === undefined ? principal : actingFor(principal, wished)
}

export const isOperator = (principal: Principal): boolean => principal.grants.includes(OPERATOR)

export const forbidden = (detail: string): ProblemError =>
  new ProblemError(problem(403, 'forbidden', 'Not yours to do', detail))

function bearerOf(request: FastifyRequest): string {
  const header = request.headers.authorization
  if (header === undefined) throw unauthorized('a token is needed: Authorization: Bearer …; `taskport env` prints one')
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1]
  if (token === undefined) throw unauthorized('the Authorization header must say: Bearer <token>')
  return token
}

async function principalOf(parts: NativeParts, token: string): Promise<Principal> {
  const principal = parts.taskTokens.principal(token) ?? (await parts.context.credentials.verifyToken(FACE, token))
  if (principal === undefined) throw unauthorized('the token is unknown, revoked or expired')
  return principal
}

function forTask(principal: Principal, request: FastifyRequest): Principal {
  const { attempt } = request.params as { readonly attempt: string }
  if (principal.grants.includes(attemptGrant(attempt))) return principal
  throw forbidden('only the attempt itself may do this, with the token it was given')
}

function actingFor(principal: Principal, wished: string | string[]): Principal {
  const tenant = asTenant([wished].flat().join())
  if (tenant === principal.tenant) return principal
  if (tenant === SYSTEM_TENANT) throw forbidden(`nobody acts for ${tenant}: it is the engine’s own`)
  if (!isOperator(principal) || tenant === '') throw forbidden('only the operator may act for another tenant')
  return { ...principal, tenant }
}

const unauthorized = (detail: string): ProblemError =>
  new ProblemError(problem(401, 'unauthorized', 'No valid token', detail), { 'www-authenticate': 'Bearer' })

/**
 * What clients ask STS before they talk to ECS: who they are (Terraform, many scripts) and credentials for a time
 * (profiles with a role_arn). A role is only a name here: who assumes it keeps the grants of the key behind it.
 */
import type { Instant } from '../../../../core/instant.ts'
import { type Caller, callerArn } from '../../auth.ts'
import { AwsError } from '../../errors.ts'
import type { SessionTokens } from '../../session/session-tokens.ts'
import type { Elements } from './query-reply.ts'

export interface StsCall {
  readonly caller: Caller
  readonly sessions: SessionTokens
  readonly now: Instant
  readonly parameters: URLSearchParams
}

type StsOperation = (call: StsCall) => Elements

const getCallerIdentity: StsOperation = ({ caller }) => ({
  Arn: callerArn(caller),
  UserId: caller.principal.id,
  Account: caller.home.account,
})

const getSessionToken: StsOperation = (call) => {
  if (call.caller.session) throw new AwsError('AccessDenied', 'Cannot call GetSessionToken with session credentials')
  return { Credentials: credentials(call, seconds(call, { least: 900, most: 129_600, otherwise: 43_200 })) }
}

const assumeRole: StsOperation = (call) => {
  const arn = required(call, 'RoleArn')
  const name = required(call, 'RoleSessionName')
  const [, account, role] = /^arn:[^:]+:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]{1,64})$/.exec(arn) ?? []
  if (role === undefined) throw invalid(`${arn} is invalid`)
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) throw invalid(`Invalid RoleSessionName: ${name}`)
  if (account !== call.caller.home.account)
    throw new AwsError(
      'AccessDenied',
      `User: ${callerArn(call.caller)} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    )
  const session = `${role}/${name}`
  return {
    Credentials: credentials(call, seconds(call, { least: 900, most: 43_200, otherwise: 3_600 }), session),
    AssumedRoleUser: { AssumedRoleId: `AROA${role}:${name}`, Arn: `arn:aws:sts::${account}:assumed-role/${session}` },
  }
}

export const STS_OPERATIONS: ReadonlyMap<string, StsOperation> = new Map([
  ['GetCallerIdentity', getCallerIdentity],
  ['GetSessionToken', getSessionToken],
  ['AssumeRole', assumeRole],
])

/** A session that begins another does not outlive itself by it. */
function credentials({ caller, sessions, now }: StsCall, lastsS: number, role?: string): Elements {
  const parent = caller.accessKeyId
  if (parent === undefined) throw new AwsError('MissingAuthenticationToken', 'Missing Authentication Token')
  const expiresAt = Math.min(now + lastsS * 1_000, caller.session?.expiresAt ?? Number.POSITIVE_INFINITY)
  const made = sessions.mint({ parent, expiresAt, ...(role !== undefined && { role }) })
  return {
    AccessKeyId: made.accessKeyId,
    SecretAccessKey: made.secretAccessKey,
    SessionToken: made.sessionToken,
    Expiration: new Date(expiresAt).toISOString(),
  }
}

function seconds(
  { parameters }: StsCall,
  { least, most, otherwise }: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const given = parameters.get('DurationSeconds')
  const value = given === null ? otherwise : Number(given)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw invalid(`The requested DurationSeconds must be a whole number from ${least} to ${most}`)
}

function required({ parameters }: StsCall, name: string): string {
  const value = parameters.get(name)
  if (value) return value
  throw invalid(
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  )
}

const invalid = (message: string): AwsError => new AwsError('ValidationError', message)

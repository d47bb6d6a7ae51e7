import { EngineError, type ErrorCode } from '../../core/engine-error.ts'

/** A refusal in AWS's voice: `__type`, message and status of an AWS JSON 1.1 error reply. */
export class AwsError extends Error {
  readonly type: string
  readonly status: number
  /** Further members of the body, e.g. `resourceIds` of a ConflictException. */
  readonly members: Readonly<Record<string, unknown>>
  constructor(type: string, message: string, status = 400, members: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = type
    this.type = type
    this.status = status
    this.members = members
  }
}

export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message)
export const clientException = (message: string): AwsError => new AwsError('ClientException', message)
export const serialization = (message: string): AwsError => new AwsError('SerializationException', message)
export const clusterNotFound = (): AwsError => new AwsError('ClusterNotFoundException', 'Cluster not found.')
export const unsupported = (message: string): AwsError => new AwsError('UnsupportedFeatureException', message)

interface ErrorForm {
  readonly type: string
  readonly status: number
}

/** Every code of the core, in ECS's words. Operations that know better answer before it comes to this. */
const FORMS: Readonly<Record<ErrorCode, ErrorForm>> = {
  not_found: { type: 'InvalidParameterException', status: 400 },
  conflict: { type: 'ClientException', status: 400 },
  invalid: { type: 'InvalidParameterException', status: 400 },
  forbidden: { type: 'AccessDeniedException', status: 400 },
  exhausted: { type: 'ThrottlingException', status: 400 },
  unavailable: { type: 'ServerException', status: 500 },
}

/** What was thrown, as AWS says it; undefined when it is a fault of ours. */
export function asAwsError(thrown: unknown): AwsError | undefined {
  if (thrown instanceof AwsError) return thrown
  if (!(thrown instanceof EngineError)) return undefined
  const form = FORMS[thrown.code]
  return new AwsError(form.type, thrown.message, form.status)
}

import { create } from '@bufbuild/protobuf'
import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt'
import type { Principal as Caller, Tenant } from '../../../core/identity.ts'
import { uuidOf } from '../auth.ts'
import type { Creator } from '../documents.ts'
import { Principal, type Subject, SubjectSchema } from '../gen/gitpod/v1/shared_pb.js'

const PRINCIPALS: Readonly<Record<Creator['kind'], Principal>> = {
  user: Principal.USER,
  service: Principal.SERVICE_ACCOUNT,
  environment: Principal.ENVIRONMENT,
}

export function creatorOf(principal: Caller): Creator {
  const kind = principal.kind === 'task' ? 'environment' : principal.kind === 'service' ? 'service' : 'user'
  return { id: uuidOf(`principal/${principal.tenant}`, principal.id), kind }
}

export const subjectOf = ({ id, kind }: Creator): Subject => create(SubjectSchema, { id, principal: PRINCIPALS[kind] })

export const organizationOf = (tenant: Tenant): string => uuidOf('organization', tenant)

export const timestamp = (ms: number | undefined): Timestamp | undefined =>
  ms === undefined ? undefined : timestampFromMs(ms)

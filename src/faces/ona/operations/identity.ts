/** Who the caller is, and what this machine offers. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Call, checkEnvironment } from '../call.ts'
import { CLASS_ID, RUNNER_ID } from '../environment/present-environment.ts'
import type { GetAuthenticatedIdentityResponseSchema } from '../gen/gitpod/v1/identity_pb.js'
import type {
  ListEnvironmentClassesRequest,
  ListEnvironmentClassesResponseSchema,
} from '../gen/gitpod/v1/runner_configuration_pb.js'
import { type GetAuthenticatedUserResponseSchema, UserStatus } from '../gen/gitpod/v1/user_pb.js'
import { pageOf } from '../wire/pagination.ts'
import { creatorOf, organizationOf, subjectOf } from '../wire/subject.ts'
import { filterValues } from '../wire/validate.ts'

export const getAuthenticatedIdentity = async (
  call: Call,
): Promise<MessageInitShape<typeof GetAuthenticatedIdentityResponseSchema>> => ({
  subject: subjectOf(creatorOf(call.caller.principal)),
  organizationId: organizationOf(call.tenant),
})

export async function getAuthenticatedUser(
  call: Call,
): Promise<MessageInitShape<typeof GetAuthenticatedUserResponseSchema>> {
  checkEnvironment(call, '')
  const { principal } = call.caller
  return {
    user: {
      id: creatorOf(principal).id,
      organizationId: organizationOf(call.tenant),
      name: principal.id,
      status: UserStatus.ACTIVE,
    },
  }
}

/** One class: this machine, as it is. */
export async function listEnvironmentClasses(
  call: Call,
  { pagination, filter }: ListEnvironmentClassesRequest,
): Promise<MessageInitShape<typeof ListEnvironmentClassesResponseSchema>> {
  pageOf(call.query, pagination)
  const runners = filterValues('filter.runner_ids', filter?.runnerIds ?? [])
  const fits = filter?.enabled !== false && (runners.length === 0 || runners.includes(RUNNER_ID))
  const [machine] = (await call.engine.nodes(call.tenant)).map(({ node }) => node)
  const size = machine
    ? `${machine.capacity.cpuUnits / 1024} CPU, ${Math.round(machine.capacity.memoryBytes / 2 ** 20)} MiB`
    : ''
  const only = {
    id: CLASS_ID,
    displayName: 'This machine',
    description: size,
    configuration: [],
    runnerId: RUNNER_ID,
    enabled: true,
  }
  return { pagination: { nextToken: '' }, environmentClasses: fits ? [only] : [] }
}

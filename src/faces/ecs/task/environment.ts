import type { ExecutionId } from '../../../core/identity.ts'
import type { EnvValue } from '../../../core/step-spec.ts'
import { metadataToken } from '../metadata/metadata-token.ts'
import type { Call } from '../operation.ts'
import type { ContainerDefinition, TaskDefinition } from '../task-definition/task-definition.ts'
import { environmentOfFile } from './environment-file.ts'
import { secretValue } from './secret-name.ts'
import type { TaskRecord } from './task-record.ts'

type Environment = Readonly<Record<string, EnvValue>>

/** Complete environments by container: the agent's own variables, files, then the definition's and overrides', then secrets. */
export async function environmentsOf(
  call: Call,
  id: ExecutionId,
  definition: TaskDefinition,
  record: TaskRecord,
): Promise<ReadonlyMap<string, Environment>> {
  const entries = definition.containerDefinitions.map(async (container, ordinal): Promise<[string, Environment]> => {
    const files = await Promise.all((container.environmentFiles ?? []).map((f) => environmentOfFile(call, f.value)))
    const secrets = await secretsOf(call, container)
    const own = agentVariables(call, id, ordinal, record)
    return [container.name, Object.assign({}, own, ...files, literals(container), secrets)]
  })
  return new Map(await Promise.all(entries))
}

const literals = (container: ContainerDefinition): Environment =>
  Object.fromEntries(container.environment.flatMap(({ name, value }) => (name ? [[name, value ?? '']] : [])))

async function secretsOf(call: Call, container: ContainerDefinition): Promise<Environment> {
  const secrets = container.secrets ?? []
  const values = await Promise.all(secrets.map((s) => secretValue(call.engine, call.tenant, s.valueFrom)))
  return Object.fromEntries(secrets.map((s, i) => [s.name, values[i]!]))
}

/** What the agent puts into every container (reference ecs.md 5.2, 6.3). */
function agentVariables(call: Call, id: ExecutionId, ordinal: number, record: TaskRecord): Environment {
  const fargate = record.launchType === 'FARGATE' || record.capacityProviderName !== undefined
  const token = metadataToken(call.tokenKey, { tenant: call.tenant, execution: id, ordinal })
  return {
    AWS_EXECUTION_ENV: fargate ? 'AWS_ECS_FARGATE' : 'AWS_ECS_EC2',
    ...(fargate && { AWS_REGION: call.home.region, AWS_DEFAULT_REGION: call.home.region }),
    ECS_CONTAINER_METADATA_URI_V4: `${call.publicUrl}/taskport/ecs-metadata/v4/${token}`,
  }
}

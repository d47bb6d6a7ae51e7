import type { Instant } from '../../../core/instant.ts'
import type { Tag } from '../tags.ts'
import type { ContainerDefinitionInput, KeyValue, PortMapping } from './container-definition-shape.ts'
import type { RegisterTaskDefinitionInput } from './task-definition-shape.ts'

/** A container definition with the defaults that registration fills in (reference ecs.md 3.3). */
export interface ContainerDefinition extends Omit<ContainerDefinitionInput, DefaultedMember> {
  readonly name: string
  readonly image: string
  readonly cpu: number
  readonly portMappings: readonly PortMapping[]
  readonly essential: boolean
  readonly environment: readonly KeyValue[]
  readonly mountPoints: NonNullable<ContainerDefinitionInput['mountPoints']>
  readonly volumesFrom: NonNullable<ContainerDefinitionInput['volumesFrom']>
  readonly systemControls: NonNullable<ContainerDefinitionInput['systemControls']>
}

type DefaultedMember =
  | 'name'
  | 'image'
  | 'cpu'
  | 'portMappings'
  | 'essential'
  | 'environment'
  | 'mountPoints'
  | 'volumesFrom'
  | 'systemControls'

export type Compatibility = 'EC2' | 'FARGATE' | 'EXTERNAL' | 'MANAGED_INSTANCES'

/** One revision as it is kept: a document of the face. Only `status` and its times ever change. */
export interface TaskDefinition
  extends Omit<
    RegisterTaskDefinitionInput,
    'family' | 'containerDefinitions' | 'volumes' | 'placementConstraints' | 'tags'
  > {
  readonly family: string
  readonly revision: number
  readonly containerDefinitions: readonly ContainerDefinition[]
  readonly volumes: NonNullable<RegisterTaskDefinitionInput['volumes']>
  readonly placementConstraints: NonNullable<RegisterTaskDefinitionInput['placementConstraints']>
  readonly compatibilities: readonly Compatibility[]
  readonly status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS'
  readonly registeredAt: Instant
  readonly registeredBy: string
  readonly deregisteredAt?: Instant
  readonly deleteRequestedAt?: Instant
  readonly tags: readonly Tag[]
}
